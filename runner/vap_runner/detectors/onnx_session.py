from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vap_runner.detectors.errors import ModelInvalidError, ModelNotFoundError

Tensor = NDArray[np.float32]


class OnnxSession:
    """One ONNX model on one CPU thread.

    A scenario is a process, so cores are shared by running scenarios side by side; a second thread
    per model, or a thread that spins while it waits, would only take them from another scenario.
    """

    def __init__(self, path: Path) -> None:
        """Load the model at `path`. Raises ModelNotFoundError, ModelInvalidError."""
        if not path.is_file():
            raise ModelNotFoundError(f"there is no model file {path}; set ONNX_MODEL_PATH to an .onnx file")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - its exception classes have no common base and are not exported
            raise ModelInvalidError(f"{path.name} cannot be loaded as an ONNX model: {_first_line(error)}") from None
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise ModelInvalidError(f"{path.name} has {len(inputs)} inputs; one image input is supported")
        self.input_name: str = inputs[0].name
        self.input_type: str = inputs[0].type
        self.input_shape: tuple[int | str | None, ...] = tuple(inputs[0].shape)
        self.output_names: tuple[str, ...] = tuple(output.name for output in self._session.get_outputs())

    def run(self, tensor: NDArray[np.float32] | NDArray[np.float16], outputs: Sequence[str]) -> list[Tensor]:
        """The named outputs for one input tensor. Raises ModelInvalidError."""
        try:
            results: list[Tensor] = self._session.run(list(outputs), {self.input_name: tensor})
        except Exception as error:  # noqa: BLE001 - as above
            raise ModelInvalidError(f"the model failed on an input of {tensor.shape}: {_first_line(error)}") from None
        return results


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
