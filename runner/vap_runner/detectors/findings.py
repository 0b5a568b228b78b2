from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vap_common.messages import Detection


def to_detections(
    boxes: NDArray[np.intp],
    confidences: NDArray[np.float32],
    classes: NDArray[np.intp],
    class_names: Sequence[str],
) -> list[Detection]:
    """Rows of (N, 4) source pixels, (N,) confidences and (N,) class numbers as messages, without empty boxes.

    Confidences are rounded to four digits: more would be noise of float32, and it halves the message.
    """
    return [
        Detection(
            class_name=class_names[number],
            confidence=round(min(max(confidence, 0.0), 1.0), 4),
            bbox=(x1, y1, x2, y2),
        )
        for (x1, y1, x2, y2), confidence, number in zip(
            boxes.tolist(), confidences.tolist(), classes.tolist(), strict=True
        )
        if x2 > x1 and y2 > y1
    ]
