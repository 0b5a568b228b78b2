"""Compares inference backends for the shipped detector: time per frame, time to load, memory.

`python bench/detector_backends.py [--frames 200]`. Backends that are not installed are left out
(OpenVINO is not a dependency: `pip install openvino` in a scratch environment with onnxruntime and
opencv-python-headless). Runs are interleaved frame by frame, so that the machine's moods hit all alike.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODEL = Path(__file__).parents[1] / "runner/vap_runner/detectors/models/nanodet-g-416.onnx"
Infer = Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]


def onnxruntime_one_thread() -> Infer:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(MODEL), sess_options=options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(["boxes", "scores"], {"images": image})


def openvino(precision: str) -> Infer:
    from openvino import Core  # type: ignore[import-not-found]

    core = Core()
    model = core.read_model(str(MODEL))
    model.reshape({"images": [1, 3, 416, 416]})
    compiled = core.compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision}
    )
    request = compiled.create_infer_request()

    def infer(image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        result = request.infer({"images": image})
        return [np.array(result["boxes"]), np.array(result["scores"])]

    return infer


def opencv_dnn() -> Infer:
    import cv2

    cv2.setNumThreads(1)
    net = cv2.dnn.readNetFromONNX(str(MODEL))

    def infer(image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        net.setInput(image)
        return [np.asarray(out, dtype=np.float32) for out in net.forward(("boxes", "scores"))]

    return infer


BACKENDS: dict[str, tuple[str, Callable[[], Infer]]] = {
    "onnxruntime": ("onnxruntime", onnxruntime_one_thread),
    "openvino f32": ("openvino", lambda: openvino("f32")),
    "openvino bf16": ("openvino", lambda: openvino("bf16")),
    "cv2.dnn": ("cv2", opencv_dnn),
}


def proportional_mib() -> float:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def measure_alone(name: str) -> None:
    """In a process of its own: time until the first result, and memory afterwards."""
    image = np.zeros((1, 3, 416, 416), dtype=np.float32)
    before, begin = proportional_mib(), time.perf_counter()
    infer = BACKENDS[name][1]()
    infer(image)
    ready = time.perf_counter() - begin
    for _ in range(20):
        infer(image)
    print(f"{ready * 1000:.0f} {proportional_mib() - before:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        measure_alone(arguments.alone)
        return
    names = [name for name, (module, _) in BACKENDS.items() if find_spec(module)]
    backends = {name: BACKENDS[name][1]() for name in names}
    generator = np.random.default_rng(0)
    images = [generator.uniform(0, 255, (1, 3, 416, 416)).astype(np.float32) for _ in range(8)]
    reference = backends["onnxruntime"](images[0])[1]
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(arguments.frames):
        for name, infer in backends.items():
            begin = time.perf_counter()
            infer(images[number % len(images)])
            times[name].append((time.perf_counter() - begin) * 1000)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}")
    print(f"{'backend':16}{'p50 ms':>9}{'p90 ms':>9}{'ratio':>8}{'load ms':>9}{'PSS MiB':>9}{'max |Δscore|':>14}")
    base = statistics.median(times["onnxruntime"])
    for name in names:
        alone = subprocess.run(
            [sys.executable, __file__, "--alone", name], capture_output=True, text=True, check=True
        ).stdout.split()
        p50 = statistics.median(times[name])
        p90 = statistics.quantiles(times[name], n=10)[-1]
        difference = float(np.abs(backends[name](images[0])[1] - reference).max())
        print(f"{name:16}{p50:9.1f}{p90:9.1f}{p50 / base:8.2f}{alone[0]:>9}{alone[1]:>9}{difference:14.4f}")


if __name__ == "__main__":
    main()
