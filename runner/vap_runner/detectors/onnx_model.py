from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vap_common.messages import Detection
from vap_runner.capture.frame import Frame
from vap_runner.detectors.base import DetectionOptions, Detector, select_classes
from vap_runner.detectors.class_names import parse_class_names, read_class_names
from vap_runner.detectors.errors import ClassNamesError, LayoutUnsupportedError
from vap_runner.detectors.findings import to_detections
from vap_runner.detectors.letterbox import Letterbox
from vap_runner.detectors.nms import suppress
from vap_runner.detectors.onnx_session import OnnxSession
from vap_runner.detectors.yolo_layout import YoloLayout, decode, recognise

DEFAULT_INPUT_SIZE = 640
"""Where the model leaves its input size open and names none in its metadata."""
MAX_INPUT_SIZE = 4096
BORDER = 114
"""The grey that this family is trained with."""
IOU_THRESHOLD = 0.45
"""The family's usual value."""


class OnnxModel:
    """A model file of one's own in one of the YOLO family's layouts: RGB, 0..1, letterboxed on grey.

    Everything that can be wrong with the file is found here, not at the first frame: one inference on an
    empty image tells the output's true shape, also for models with open dimensions.
    """

    name = "onnx"

    def __init__(self, model_path: Path, class_names_path: Path | None = None) -> None:
        """Load and check the model. Names are the file's, else the metadata's. Raises DetectorError."""
        self._session = OnnxSession(model_path)
        names: tuple[str, ...] | None = None
        if class_names_path is not None:
            names = read_class_names(class_names_path)
        elif "names" in self._session.metadata:
            names = parse_class_names(self._session.metadata["names"])
        self._half = _is_half(self._session.input_type)
        self.input_height, self.input_width = _input_size(self._session)
        output = self.infer(np.full((self.input_height, self.input_width, 3), BORDER, dtype=np.uint8))
        if names is None:
            raise ClassNamesError(
                f"{model_path.name} has no class names in its metadata; "
                "set ONNX_CLASS_NAMES_PATH to a file with one name a line"
            )
        self.layout = recognise(output.shape, len(names))
        self._class_names = names

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names as given."""
        return self._class_names

    def warm_up(self) -> None:
        """Loading has run one inference already."""

    def open(self, options: DetectionOptions) -> Detector:
        """A detector with its own filter on the shared weights. Raises UnknownClassError."""
        return OnnxDetector(self, options)

    def infer(self, canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The first output for a letterboxed BGR image of the input's size. Raises ModelInvalidError."""
        blob = cv2.dnn.blobFromImage(canvas, scalefactor=1 / 255, swapRB=True)
        tensor = np.asarray(blob, dtype=np.float32)
        outputs = self._session.output_names[:1]
        if self._half:
            return self._session.run(tensor.astype(np.float16), outputs)[0]
        return self._session.run(tensor, outputs)[0]


class OnnxDetector:
    """One scenario's view on an OnnxModel."""

    def __init__(self, model: OnnxModel, options: DetectionOptions) -> None:
        self._model = model
        self._letterbox = Letterbox(model.input_width, model.input_height, BORDER)
        self._min_confidence = options.min_confidence
        self._wanted = np.array(select_classes(model.class_names, options.classes), dtype=np.intp)

    def detect(self, frame: Frame) -> list[Detection]:
        """See Detector."""
        canvas, placement = self._letterbox.fit(frame.image)
        found = decode(self._model.layout, self._model.infer(canvas), self._min_confidence, self._wanted)
        if self._model.layout is YoloLayout.END_TO_END:
            kept = np.argsort(-found.scores, kind="stable")
        else:
            kept = suppress(found.boxes, found.scores, found.classes, IOU_THRESHOLD)
        boxes = placement.to_source(found.boxes[kept])
        return to_detections(boxes, found.scores[kept], found.classes[kept], self._model.class_names)


def _is_half(name: str) -> bool:
    match name:
        case "tensor(float)":
            return False
        case "tensor(float16)":
            return True
        case _:
            raise LayoutUnsupportedError(f"the input is {name}; export the model with a float32 or float16 input")


def _input_size(session: OnnxSession) -> tuple[int, int]:
    shape = session.input_shape
    if len(shape) != 4 or not (shape[0] in (1, None) or isinstance(shape[0], str)) or shape[1] not in (3, None):
        raise LayoutUnsupportedError(f"the input has shape {list(shape)}; an image input is [1, 3, height, width]")
    fallback = _metadata_size(session.metadata.get("imgsz"))
    height = shape[2] if isinstance(shape[2], int) else fallback[0]
    width = shape[3] if isinstance(shape[3], int) else fallback[1]
    if not (32 <= height <= MAX_INPUT_SIZE and 32 <= width <= MAX_INPUT_SIZE):
        raise LayoutUnsupportedError(f"the input is {width}x{height}; supported are 32 to {MAX_INPUT_SIZE} pixels")
    return height, width


def _metadata_size(imgsz: str | None) -> tuple[int, int]:
    numbers = [int(part) for part in (imgsz or "").strip("[]() ").split(",") if part.strip().isdigit()]
    match numbers:
        case [size]:
            return size, size
        case [height, width]:
            return height, width
        case _:
            return DEFAULT_INPUT_SIZE, DEFAULT_INPUT_SIZE
