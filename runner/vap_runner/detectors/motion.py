import cv2
import numpy as np
from numpy.typing import NDArray

from vap_common.messages import Detection
from vap_runner.capture.frame import Frame
from vap_runner.detectors.base import DetectionOptions, Detector, select_classes
from vap_runner.detectors.findings import to_detections

CLASS_NAMES = ("motion",)
WORK_WIDTH = 320
"""Frames are scaled down to this width: noise averages out, and the cost depends less on the camera."""
HISTORY_FRAMES = 120
"""How many frames a change needs about to become background."""
MIN_AREA_SHARE = 0.0008
"""Smaller regions, as a share of the frame, are noise."""
MAX_CHANGED_SHARE = 0.7
"""More change than this at once is the light or the camera, not something that moves."""


class MotionModel:
    """Boxes of regions that move, by background subtraction (Zivkovic's mixture model, MOG2)."""

    name = "motion"
    class_names = CLASS_NAMES

    def warm_up(self) -> None:
        """There is nothing to load."""

    def open(self, options: DetectionOptions) -> Detector:
        """A detector with a background of its own. Raises UnknownClassError."""
        return MotionDetector(options)


class MotionDetector:
    """Learns the background from the frames that it is shown; the first frame moves nothing."""

    def __init__(self, options: DetectionOptions) -> None:
        select_classes(CLASS_NAMES, options.classes)
        self._min_confidence = options.min_confidence
        self._subtractor = cv2.createBackgroundSubtractorMOG2(
            history=HISTORY_FRAMES, varThreshold=25, detectShadows=True
        )
        self._kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        self._shape: tuple[int, int] | None = None

    def detect(self, frame: Frame) -> list[Detection]:
        """See Detector. The confidence is the share of its box that moved."""
        height, width = frame.image.shape[:2]
        scale = min(1.0, WORK_WIDTH / width)
        small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        # MOG2 starts anew by itself when the size changes; its first answer is then "all moves".
        first = self._shape != small.shape[:2]
        self._shape = small.shape[:2]
        mask = self._subtractor.apply(small)
        if first:
            return []
        moving = (mask == 255).astype(np.uint8)  # 127 marks shadows
        moving = cv2.morphologyEx(moving, cv2.MORPH_OPEN, self._kernel)
        moving = np.asarray(cv2.dilate(moving, self._kernel, iterations=2), dtype=np.uint8)
        if float(moving.mean()) > MAX_CHANGED_SHARE:
            return []
        return self._regions(moving, width, height)

    def _regions(self, moving: NDArray[np.uint8], width: int, height: int) -> list[Detection]:
        work_height, work_width = moving.shape
        _, _, stats, _ = cv2.connectedComponentsWithStats(moving, connectivity=8)
        regions = stats[1:]  # the first is the background
        regions = regions[regions[:, cv2.CC_STAT_AREA] >= MIN_AREA_SHARE * moving.size]
        left, top = regions[:, cv2.CC_STAT_LEFT], regions[:, cv2.CC_STAT_TOP]
        right, bottom = left + regions[:, cv2.CC_STAT_WIDTH], top + regions[:, cv2.CC_STAT_HEIGHT]
        shares = regions[:, cv2.CC_STAT_AREA] / np.maximum((right - left) * (bottom - top), 1)
        to_source = np.array([width / work_width, height / work_height] * 2)
        boxes = np.rint(np.stack([left, top, right, bottom], axis=1) * to_source).astype(np.intp)
        keep = np.flatnonzero(shares >= self._min_confidence)
        keep = keep[np.argsort(-shares[keep], kind="stable")]
        return to_detections(
            boxes[keep], shares[keep].astype(np.float32), np.zeros(len(keep), dtype=np.intp), CLASS_NAMES
        )
