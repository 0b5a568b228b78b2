from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a source frame lies within a model's input."""

    scale: float
    left: int
    top: int
    source_width: int
    source_height: int

    def to_source(self, boxes: NDArray[np.float32]) -> NDArray[np.intp]:
        """Boxes (N, 4) in input pixels as whole source pixels, clipped to the frame.

        The result may hold empty boxes where a box lay outside of the frame.
        """
        shift = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        limits = np.array([self.source_width, self.source_height] * 2, dtype=np.float32)
        pixels = np.clip((boxes - shift) / np.float32(self.scale), 0.0, limits)
        whole: NDArray[np.intp] = np.rint(pixels).astype(np.intp)
        return whole


def place(source_width: int, source_height: int, input_width: int, input_height: int) -> tuple[Placement, int, int]:
    """The centred placement that keeps the aspect ratio, with the frame's width and height in the input."""
    scale = min(input_width / source_width, input_height / source_height)
    width = min(input_width, max(1, round(source_width * scale)))
    height = min(input_height, max(1, round(source_height * scale)))
    left, top = (input_width - width) // 2, (input_height - height) // 2
    return Placement(scale, left, top, source_width, source_height), width, height


class Letterbox:
    """Fits frames of any size into one fixed input; reuses its canvas, so one thread may use it.

    Stretching instead would merge the boxes of people side by side, the more the wider the camera.
    """

    def __init__(self, input_width: int, input_height: int, border: int) -> None:
        self._width = input_width
        self._height = input_height
        self._border = border
        self._canvas = np.full((input_height, input_width, 3), border, dtype=np.uint8)
        self._placement: Placement | None = None
        self._size = (0, 0)

    def fit(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Placement]:
        """`image` (H, W, 3) on the canvas (input height, input width, 3), and where it lies there.

        The canvas is valid until the next call.
        """
        source_height, source_width = image.shape[:2]
        placement = self._placement
        if placement is None or (placement.source_width, placement.source_height) != (
            source_width,
            source_height,
        ):
            placement, width, height = place(source_width, source_height, self._width, self._height)
            self._placement, self._size = placement, (width, height)
            self._canvas[:] = self._border
        width, height = self._size
        view = self._canvas[placement.top : placement.top + height, placement.left : placement.left + width]
        cv2.resize(image, (width, height), dst=view, interpolation=cv2.INTER_LINEAR)
        return self._canvas, placement
