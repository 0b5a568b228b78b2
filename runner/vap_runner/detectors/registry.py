from collections.abc import Callable, Mapping
from pathlib import Path

from vap_runner.detectors.base import DetectorModel
from vap_runner.detectors.errors import ModelNotFoundError, UnknownDetectorError
from vap_runner.detectors.mock import MockModel

ModelLoader = Callable[[], DetectorModel]


class DetectorRegistry:
    """Detector models by name; each is loaded when it is first asked for, and then kept.

    A detector of one's own is one entry more in the mapping.
    """

    def __init__(self, loaders: Mapping[str, ModelLoader]) -> None:
        self._loaders = dict(loaders)
        self._loaded: dict[str, DetectorModel] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All names that can be asked for."""
        return tuple(self._loaders)

    def get(self, name: str) -> DetectorModel:
        """The warmed-up model of that name. Raises DetectorError."""
        if name not in self._loaders:
            raise UnknownDetectorError(f"there is no detector {name!r}; there are: {', '.join(self._loaders)}")
        if name not in self._loaded:
            model = self._loaders[name]()
            model.warm_up()
            self._loaded[name] = model
        return self._loaded[name]


def default_registry(onnx_model_path: Path | None, onnx_class_names_path: Path | None) -> DetectorRegistry:
    """The detectors that every runner has. `onnx` needs a model file (ONNX_MODEL_PATH)."""

    # Imports wait for their detector: onnxruntime alone costs 25 MB, which `mock` and `motion` don't need.
    def nanodet() -> DetectorModel:
        from vap_runner.detectors.nanodet import NanoDetModel

        return NanoDetModel()

    def motion() -> DetectorModel:
        from vap_runner.detectors.motion import MotionModel

        return MotionModel()

    def onnx() -> DetectorModel:
        from vap_runner.detectors.onnx_model import OnnxModel

        if onnx_model_path is None:
            raise ModelNotFoundError("the detector onnx needs a model file: set ONNX_MODEL_PATH on the runner")
        return OnnxModel(onnx_model_path, onnx_class_names_path)

    return DetectorRegistry({"nanodet": nanodet, "motion": motion, "mock": MockModel, "onnx": onnx})
