"""Small videos with known content."""

from pathlib import Path

import cv2
import numpy as np


def make_video(path: Path, *, frames: int, rate: float = 10.0, width: int = 160, height: int = 120) -> Path:
    """A bright square that moves over a dark ground, MPEG-4 in MP4."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    assert writer.isOpened()
    for number in range(frames):
        image = np.full((height, width, 3), 30, dtype=np.uint8)
        left = number * 4 % (width - 30)
        image[40:70, left : left + 30] = 220
        writer.write(image)
    writer.release()
    return path
