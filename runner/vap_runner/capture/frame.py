from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One captured frame; all that crosses the seam between capture and detection."""

    image: Image
    """uint8, height x width x 3, BGR."""
    number: int
    """Counts captured frames from 1 within an epoch, across reconnects and loops, sampled or not."""
    captured_at: datetime
    """Wall clock, UTC, when the frame left the decoder."""
