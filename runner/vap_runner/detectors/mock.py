import numpy as np

from vap_common.messages import Detection
from vap_runner.capture.frame import Frame
from vap_runner.detectors.base import DetectionOptions, Detector, select_classes
from vap_runner.detectors.findings import to_detections

CLASS_NAMES = ("person", "car")


class MockModel:
    """No model: boxes follow from the frame number alone; for tests of everything behind it and for load."""

    name = "mock"
    class_names = CLASS_NAMES

    def warm_up(self) -> None:
        """There is nothing to load."""

    def open(self, options: DetectionOptions) -> Detector:
        """A detector. Raises UnknownClassError."""
        return MockDetector(options)


class MockDetector:
    """A person who walks from left to right once in 100 frames, and a car in every second frame."""

    def __init__(self, options: DetectionOptions) -> None:
        self._min_confidence = options.min_confidence
        self._classes = frozenset(select_classes(CLASS_NAMES, options.classes))

    def detect(self, frame: Frame) -> list[Detection]:
        """Confidence is 0.9 for the person and 0.6 for the car; boxes are tenths of the frame."""
        height, width = frame.image.shape[:2]
        step = frame.number % 100
        rows = [(0, 0.9, (step * width // 125, height // 4, step * width // 125 + width // 5, height * 3 // 4))]
        if frame.number % 2 == 0:
            rows.append((1, 0.6, (width // 2, height // 2, width, height)))
        rows = [row for row in rows if row[0] in self._classes and row[1] >= self._min_confidence]
        return to_detections(
            np.array([box for _, _, box in rows], dtype=np.intp).reshape(-1, 4),
            np.array([confidence for _, confidence, _ in rows], dtype=np.float32),
            np.array([number for number, _, _ in rows], dtype=np.intp),
            CLASS_NAMES,
        )
