"""Suppression, letterboxing, the mock, the motion detector, and models of one's own."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.runner.onnx_files import write_constant_model
from vap_common.messages import DETECTOR_NAMES
from vap_common.times import utc_now
from vap_runner.capture.frame import Frame
from vap_runner.detectors.base import DetectionOptions
from vap_runner.detectors.class_names import parse_class_names, read_class_names
from vap_runner.detectors.errors import (
    ClassNamesError,
    DetectorError,
    LayoutUnsupportedError,
    ModelInvalidError,
    ModelNotFoundError,
    UnknownDetectorError,
)
from vap_runner.detectors.letterbox import Letterbox, place
from vap_runner.detectors.mock import MockModel
from vap_runner.detectors.motion import MotionModel
from vap_runner.detectors.nms import suppress
from vap_runner.detectors.onnx_model import OnnxModel
from vap_runner.detectors.registry import default_registry
from vap_runner.detectors.yolo_layout import YoloLayout, recognise

NAMES = ("person", "car", "dog")


def frame(number: int = 1, width: int = 128, height: int = 64) -> Frame:
    return Frame(np.zeros((height, width, 3), dtype=np.uint8), number, utc_now())


def slow_suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.intp], threshold: float
) -> list[int]:
    """The textbook's version."""

    def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
        w = min(a[2], b[2]) - max(a[0], b[0])
        h = min(a[3], b[3]) - max(a[1], b[1])
        inner = max(w, 0.0) * max(h, 0.0)
        area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner
        return float(inner / area) if area > 0 else 0.0

    kept: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if all(classes[row] != classes[k] or iou(boxes[row], boxes[k]) <= threshold for k in kept):
            kept.append(int(row))
    return kept


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50), st.integers(0, 50), st.integers(1, 30), st.integers(1, 30),
            st.integers(0, 2), st.integers(0, 1000),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_suppression_equals_the_textbook(rows: list[tuple[int, int, int, int, int, int]]) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _, _ in rows], dtype=np.float32).reshape(-1, 4)
    classes = np.array([row[4] for row in rows], dtype=np.intp)
    scores = np.array([row[5] / 1000 for row in rows], dtype=np.float32)
    assert suppress(boxes, scores, classes, 0.5).tolist() == slow_suppress(boxes, scores, classes, 0.5)


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_a_letterbox_maps_the_whole_frame_onto_itself(width: int, height: int) -> None:
    placement, inner_width, inner_height = place(width, height, 416, 416)
    assert max(inner_width, inner_height) == 416
    corners = np.array([[0, 0, 416, 416]], dtype=np.float32)
    assert placement.to_source(corners).tolist() == [[0, 0, width, height]]


def test_a_letterbox_fits_frames_of_changing_sizes() -> None:
    box = Letterbox(100, 100, border=7)
    wide, _ = box.fit(np.full((50, 200, 3), 255, dtype=np.uint8))
    assert (wide[:30] == 7).all()
    assert (wide[40:60] == 255).all()
    tall, _ = box.fit(np.full((200, 50, 3), 255, dtype=np.uint8))
    assert (tall[:, :30] == 7).all()
    assert (tall[:, 45:55] == 255).all()


def test_the_registry_has_the_names_of_the_contract() -> None:
    registry = default_registry(None, None)
    assert registry.names == DETECTOR_NAMES
    assert registry.get("mock") is registry.get("mock")
    with pytest.raises(UnknownDetectorError, match="nanodet"):
        registry.get("crystal-ball")
    with pytest.raises(ModelNotFoundError, match="ONNX_MODEL_PATH"):
        registry.get("onnx")


def test_the_mock_depends_on_the_frame_number_alone() -> None:
    first = MockModel().open(DetectionOptions())
    second = MockModel().open(DetectionOptions())
    assert [first.detect(frame(n)) for n in (1, 2, 3)] == [second.detect(frame(n)) for n in (1, 2, 3)]
    assert [d.class_name for d in first.detect(frame(2))] == ["person", "car"]
    assert [d.class_name for d in first.detect(frame(3))] == ["person"]
    assert MockModel().open(DetectionOptions(0.95)).detect(frame(2)) == []
    assert [d.class_name for d in MockModel().open(DetectionOptions(classes=("car",))).detect(frame(2))] == ["car"]


def test_motion_finds_what_moves_and_nothing_else() -> None:
    detector = MotionModel().open(DetectionOptions(0.5))
    noise = np.random.default_rng(0)
    hits = 0
    for number in range(60):
        image = noise.integers(60, 66, (480, 640, 3), dtype=np.uint8)
        left = 20 + number * 8
        if number >= 30:
            image[200:300, left : left + 60] = 220
        found = detector.detect(Frame(image, number + 1, utc_now()))
        if number < 30:
            assert found == []
        elif found:
            x1, y1, x2, y2 = found[0].bbox
            hits += x1 <= left + 60 and x2 >= left and y1 <= 300 and y2 >= 200
    assert hits >= 25


# Models of one's own.


def yolo_v8(*rows: tuple[float, float, float, float, int, float], count: int = 20) -> NDArray[np.float32]:
    out = np.zeros((1, 4 + len(NAMES), count), dtype=np.float32)
    for column, (cx, cy, w, h, number, score) in enumerate(rows):
        out[0, :4, column] = cx, cy, w, h
        out[0, 4 + number, column] = score
    return out


def yolo_v5(*rows: tuple[float, float, float, float, int, float], count: int = 20) -> NDArray[np.float32]:
    out = np.zeros((1, count, 5 + len(NAMES)), dtype=np.float32)
    for row, (cx, cy, w, h, number, score) in enumerate(rows):
        out[0, row, :5] = cx, cy, w, h, 0.9
        out[0, row, 5 + number] = score / 0.9
    return out


def yolo_v10(*rows: tuple[float, float, float, float, int, float], count: int = 20) -> NDArray[np.float32]:
    out = np.zeros((1, count, 6), dtype=np.float32)
    for row, (cx, cy, w, h, number, score) in enumerate(rows):
        out[0, row] = cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score, number
    return out


# A 128x64 frame lies in the 64x64 input at half its size, between y 16 and 48. Two boxes of a person overlap.
ROWS = ((32.0, 32.0, 10.0, 20.0, 0, 0.8), (32.5, 32.0, 10.0, 20.0, 0, 0.7), (10.0, 30.0, 8.0, 8.0, 2, 0.6))


@pytest.mark.parametrize(
    ("output", "layout", "people"),
    [
        (yolo_v8(*ROWS), YoloLayout.TRANSPOSED, 1),
        (yolo_v5(*ROWS), YoloLayout.OBJECTNESS, 1),
        # End-to-end models have suppressed already: what they give is kept.
        (yolo_v10(*ROWS), YoloLayout.END_TO_END, 2),
    ],
)
def test_the_layouts_of_the_yolo_family_are_recognised_and_read(
    tmp_path: Path, output: NDArray[np.float32], layout: YoloLayout, people: int
) -> None:
    model = OnnxModel(write_constant_model(tmp_path / "m.onnx", output, names=json.dumps(NAMES)))
    assert model.layout is layout
    assert model.class_names == NAMES
    found = model.open(DetectionOptions(0.5)).detect(frame())
    assert [d.class_name for d in found] == ["person"] * people + ["dog"]
    assert found[0].bbox == (54, 12, 74, 52)
    assert found[0].confidence == pytest.approx(0.8, abs=1e-3)
    assert [d.class_name for d in model.open(DetectionOptions(0.5, ("dog",))).detect(frame())] == ["dog"]
    assert model.open(DetectionOptions(0.9)).detect(frame()) == []


def test_a_filter_does_not_turn_dogs_into_unlikely_people(tmp_path: Path) -> None:
    output = yolo_v8((32.0, 32.0, 10.0, 10.0, 2, 0.9))
    output[0, 4, 0] = 0.6  # the same box is a person with less confidence
    model = OnnxModel(write_constant_model(tmp_path / "m.onnx", output, names=json.dumps(NAMES)))
    assert model.open(DetectionOptions(0.5, ("person",))).detect(frame()) == []


@pytest.mark.parametrize(
    ("shape", "classes", "layout"),
    [
        ((1, 25200, 85), 80, YoloLayout.OBJECTNESS),
        ((1, 84, 8400), 80, YoloLayout.TRANSPOSED),
        ((1, 300, 6), 80, YoloLayout.END_TO_END),
        ((1, 25200, 6), 1, YoloLayout.OBJECTNESS),
        ((1, 5, 8400), 1, YoloLayout.TRANSPOSED),
    ],
)
def test_layouts_by_shape(shape: tuple[int, ...], classes: int, layout: YoloLayout) -> None:
    assert recognise(shape, classes) is layout


@pytest.mark.parametrize(("shape", "classes"), [((1, 25200, 85), 3), ((1, 84, 8400), 3)])
def test_a_wrong_number_of_names_is_said(shape: tuple[int, ...], classes: int) -> None:
    with pytest.raises(ClassNamesError, match="80 classes"):
        recognise(shape, classes)


@pytest.mark.parametrize("shape", [(1, 1000), (1, 3, 80, 80, 85), (2, 84, 8400), (1, 4, 100)])
def test_other_shapes_are_refused_with_the_known_ones(shape: tuple[int, ...]) -> None:
    with pytest.raises(LayoutUnsupportedError, match="YOLOv8"):
        recognise(shape, 80)


def test_models_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"\x00\x01junk")
    output = yolo_v8(*ROWS)
    cases: list[tuple[Path, type[DetectorError], str]] = [
        (tmp_path / "none.onnx", ModelNotFoundError, "ONNX_MODEL_PATH"),
        (junk, ModelInvalidError, "junk.onnx"),
        (write_constant_model(tmp_path / "a.onnx", output), ClassNamesError, "ONNX_CLASS_NAMES_PATH"),
        (
            write_constant_model(tmp_path / "b.onnx", output, names=json.dumps(NAMES), input_shape=(1, 64, 64, 3)),
            LayoutUnsupportedError,
            "height, width",
        ),
        (
            write_constant_model(tmp_path / "c.onnx", output, names=json.dumps(NAMES), element=7),
            LayoutUnsupportedError,
            "float32",
        ),
        (write_constant_model(tmp_path / "d.onnx", output, names='["one"]'), ClassNamesError, "3 classes"),
    ]
    for path, error, hint in cases:
        with pytest.raises(error, match=hint):
            OnnxModel(path)


def test_half_precision_inputs_work(tmp_path: Path) -> None:
    path = write_constant_model(tmp_path / "m.onnx", yolo_v8(*ROWS), names=json.dumps(NAMES), element=10)
    assert len(OnnxModel(path).open(DetectionOptions(0.5)).detect(frame())) == 2


def test_class_names_come_from_a_file_or_from_what_exporters_write(tmp_path: Path) -> None:
    lines = tmp_path / "coco.names"
    lines.write_text("person\n\ntraffic light\n")
    assert read_class_names(lines) == ("person", "traffic light")
    assert parse_class_names("{0: 'person', 1: 'traffic light'}") == ("person", "traffic light")
    assert parse_class_names('{"1": "b", "0": "a"}') == ("a", "b")
    assert parse_class_names('["a", "b"]') == ("a", "b")
    for bad in ("{1: 'a'}", "[]", "[1]", "not names", "{'x': 'a'}", "__import__('os')"):
        with pytest.raises(ClassNamesError):
            parse_class_names(bad)
    with pytest.raises(ModelNotFoundError):
        read_class_names(tmp_path / "none")
