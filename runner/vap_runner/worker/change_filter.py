from collections.abc import Sequence

from vap_common.messages import Detection

MIN_IOU = 0.7
"""A box that overlaps its predecessor by more stands still: below that a person has moved about a foot."""
MAX_SILENCE_SECONDS = 30.0
"""At least one result in this time, so that silence means trouble and not an empty yard."""


class ChangeFilter:
    """`emit: OnChange`: lets a result pass when it shows something else than the last one that passed."""

    def __init__(self) -> None:
        self._last: list[Detection] | None = None
        self._last_at = 0.0

    def passes(self, detections: Sequence[Detection], now: float) -> bool:
        """Whether to publish; `now` in seconds of any clock that runs steadily."""
        if self._last is not None and now - self._last_at < MAX_SILENCE_SECONDS and same_scene(self._last, detections):
            return False
        self._last = list(detections)
        self._last_at = now
        return True


def same_scene(before: Sequence[Detection], after: Sequence[Detection]) -> bool:
    """Whether each detection has a counterpart of its class at its place in the other list, one to one."""
    if len(before) != len(after):
        return False
    left = list(before)
    for detection in after:
        rivals = [other for other in left if other.class_name == detection.class_name]
        best = max(rivals, key=lambda other: _iou(other.bbox, detection.bbox), default=None)
        if best is None or _iou(best.bbox, detection.bbox) < MIN_IOU:
            return False
        left.remove(best)
    return True


def _iou(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - intersection
    return intersection / area
