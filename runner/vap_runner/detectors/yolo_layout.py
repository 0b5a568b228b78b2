"""The output layouts of the YOLO family, recognised by shape and decoded into candidates."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vap_runner.detectors.errors import ClassNamesError, LayoutUnsupportedError

MAX_END_TO_END_ROWS = 1000
"""End-to-end models give some hundred rows at most, anchor grids thousands: tells [1,N,6] from [1,N,5+1]."""


class YoloLayout(StrEnum):
    """How rows of an output are to be read. Coordinates are input pixels."""

    OBJECTNESS = "objectness"
    """YOLOv5, v6, v7: [1, N, 5 + C]; cx, cy, w, h, objectness, one score per class."""
    TRANSPOSED = "transposed"
    """YOLOv8, v9, v11: [1, 4 + C, N]; cx, cy, w, h, one score per class."""
    END_TO_END = "end_to_end"
    """YOLOv10 and exports with suppression inside: [1, N, 6]; x1, y1, x2, y2, score, class number."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes above the confidence, with one class each, before suppression."""

    boxes: NDArray[np.float32]
    """(N, 4) x1, y1, x2, y2 in input pixels."""
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]


def recognise(shape: tuple[int, ...], class_count: int) -> YoloLayout:
    """The layout of an output of this shape for a model with that many classes.

    Raises LayoutUnsupportedError, ClassNamesError where the shape is known but the number of names is wrong.
    """
    if len(shape) != 3 or shape[0] != 1:
        raise LayoutUnsupportedError(f"the output has shape {list(shape)}; {_KNOWN}")
    rows, columns = shape[1], shape[2]
    if columns == 6 and rows <= MAX_END_TO_END_ROWS:
        return YoloLayout.END_TO_END
    if columns == 5 + class_count:
        return YoloLayout.OBJECTNESS
    if rows == 4 + class_count:
        return YoloLayout.TRANSPOSED
    if rows < columns and rows > 4:
        raise ClassNamesError(f"the model has {rows - 4} classes (output {list(shape)}), but {class_count} names")
    if rows > columns > 5:
        raise ClassNamesError(f"the model has {columns - 5} classes (output {list(shape)}), but {class_count} names")
    raise LayoutUnsupportedError(f"the output has shape {list(shape)}; {_KNOWN}")


_KNOWN = (
    "known are [1, N, 5 + classes] (YOLOv5, v7), [1, 4 + classes, N] (YOLOv8, v11) and [1, N, 6] (YOLOv10, end to end)"
)


def decode(
    layout: YoloLayout, output: NDArray[np.float32], min_confidence: float, wanted: NDArray[np.intp]
) -> Candidates:
    """The candidates of one output (1, …) whose best class is in `wanted` with at least `min_confidence`.

    The best class is found among all classes before the filter: asking for people must not turn dogs
    into unlikely people.
    """
    rows = np.asarray(output[0], dtype=np.float32)
    match layout:
        case YoloLayout.END_TO_END:
            boxes, scores, classes = rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp)
        case YoloLayout.TRANSPOSED:
            boxes, scores, classes = _best_class(rows[:4].T, rows[4:].T)
        case YoloLayout.OBJECTNESS:
            rows = rows[rows[:, 4] >= min_confidence]
            boxes, scores, classes = _best_class(rows[:, :4], rows[:, 5:] * rows[:, 4:5])
    keep = np.flatnonzero((scores >= min_confidence) & np.isin(classes, wanted))
    boxes = boxes[keep]
    if layout is not YoloLayout.END_TO_END:
        boxes = _corners(boxes)
    return Candidates(boxes, scores[keep], classes[keep])


def _best_class(
    boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    classes = scores.argmax(axis=1) if scores.size else np.empty(0, dtype=np.intp)
    return boxes, scores[np.arange(len(scores)), classes], classes


def _corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    centres, halves = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)
