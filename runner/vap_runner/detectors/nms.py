import numpy as np
from numpy.typing import NDArray

MAX_CANDIDATES = 1000
"""Boxes that enter suppression, best first. Real frames have dozens; a confidence of 0 gives all anchors."""
MAX_DETECTIONS = 300
"""Boxes that leave it."""


def suppress(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    classes: NDArray[np.intp],
    iou_threshold: float,
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression within each class.

    `boxes` is (N, 4) as x1, y1, x2, y2, `scores` and `classes` are (N,). Returns the kept rows, best
    score first. Of two boxes of one class whose intersection over union is above `iou_threshold` the
    better one stays.

    Classes are told apart by moving each to a place of its own on the plane, so that one pass does all.
    """
    if len(scores) == 0:
        return np.empty(0, dtype=np.intp)
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    boxes = boxes[order].astype(np.float64)
    extent = float(boxes.max() - boxes.min()) + 1.0
    boxes += (classes[order].astype(np.float64) * extent)[:, None]
    x1, y1, x2, y2 = boxes.T
    areas = np.maximum(x2 - x1, 0.0) * np.maximum(y2 - y1, 0.0)
    alive = np.ones(len(order), dtype=bool)
    kept: list[int] = []
    for best in range(len(order)):
        if not alive[best]:
            continue
        kept.append(best)
        if len(kept) == MAX_DETECTIONS:
            break
        rest = np.flatnonzero(alive[best + 1 :]) + best + 1
        width = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest])
        height = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest])
        intersection = np.maximum(width, 0.0) * np.maximum(height, 0.0)
        union = areas[best] + areas[rest] - intersection
        alive[rest[intersection > iou_threshold * union]] = False
    return order[np.array(kept, dtype=np.intp)]
