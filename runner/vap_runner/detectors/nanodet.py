import json
from importlib.resources import as_file, files

import cv2
import numpy as np
from numpy.typing import NDArray

from vap_common.messages import Detection
from vap_runner.capture.frame import Frame
from vap_runner.detectors.base import DetectionOptions, Detector, select_classes
from vap_runner.detectors.errors import ModelInvalidError
from vap_runner.detectors.findings import to_detections
from vap_runner.detectors.letterbox import Letterbox
from vap_runner.detectors.nms import suppress
from vap_runner.detectors.onnx_session import OnnxSession

MODEL_FILE = "nanodet-g-416.onnx"
INPUT_SIZE = 416
BORDER = 0
"""Black, as upstream's warp leaves it."""
IOU_THRESHOLD = 0.6
"""Upstream's value."""


class NanoDetModel:
    """NanoDet-g 416 on COCO's 80 classes; see `models/README.md`."""

    name = "nanodet"

    def __init__(self) -> None:
        """Load the shipped weights. Raises DetectorError."""
        with as_file(files("vap_runner.detectors.models").joinpath(MODEL_FILE)) as path:
            self._session = OnnxSession(path)
        if self._session.input_shape[2:] != (INPUT_SIZE, INPUT_SIZE):
            raise ModelInvalidError(f"{MODEL_FILE} is not the shipped model: its input is {self._session.input_shape}")
        self._class_names = tuple(json.loads(self._session.metadata["names"]))

    @property
    def class_names(self) -> tuple[str, ...]:
        """COCO's names."""
        return self._class_names

    def warm_up(self) -> None:
        """One inference: the runtime plans its memory on the first."""
        self.infer(np.zeros((INPUT_SIZE, INPUT_SIZE, 3), dtype=np.uint8))

    def open(self, options: DetectionOptions) -> Detector:
        """A detector with its own filter on the shared weights. Raises UnknownClassError."""
        return NanoDetDetector(self, options)

    def infer(self, canvas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes (3549, 4) in input pixels and scores (3549, 80) of a letterboxed (416, 416, 3) BGR image."""
        tensor = np.asarray(cv2.dnn.blobFromImage(canvas), dtype=np.float32)
        boxes, scores = self._session.run(tensor, ("boxes", "scores"))
        return boxes[0], scores[0]


class NanoDetDetector:
    """One scenario's view on a NanoDetModel."""

    def __init__(self, model: NanoDetModel, options: DetectionOptions) -> None:
        self._model = model
        self._letterbox = Letterbox(INPUT_SIZE, INPUT_SIZE, BORDER)
        self._min_confidence = options.min_confidence
        self._classes = np.array(select_classes(model.class_names, options.classes), dtype=np.intp)
        self._all_classes = len(self._classes) == len(model.class_names)

    def detect(self, frame: Frame) -> list[Detection]:
        """See Detector. An anchor may name several classes, as upstream's multi-class suppression has it."""
        canvas, placement = self._letterbox.fit(frame.image)
        boxes, scores = self._model.infer(canvas)
        wanted = scores if self._all_classes else scores[:, self._classes]
        anchors, columns = np.nonzero(wanted >= self._min_confidence)
        confidences = wanted[anchors, columns]
        classes = self._classes[columns]
        candidates = boxes[anchors]
        kept = suppress(candidates, confidences, classes, IOU_THRESHOLD)
        return to_detections(
            placement.to_source(candidates[kept]), confidences[kept], classes[kept], self._model.class_names
        )
