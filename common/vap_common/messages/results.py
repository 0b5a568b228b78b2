"""`results`: what a worker saw in one frame."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vap_common.messages.base import Message
from vap_common.times import Timestamp


class Detection(BaseModel):
    """One object in a frame.

    `bbox` is `(x1, y1, x2, y2)`: integers, pixels of the source frame, origin at the top left,
    x2 and y2 one past the last pixel.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    class_name: Annotated[str, Field(alias="class", min_length=1, max_length=64)]
    confidence: Annotated[float, Field(ge=0, le=1)]
    bbox: tuple[int, int, int, int]


class FrameResult(Message):
    """The detections of one analysed frame. Key: scenario_uuid.

    Identity: (scenario_uuid, epoch, frame_number, timestamp).
    """

    scenario_uuid: UUID
    frame_number: int = Field(ge=1)
    """Counts captured frames from 1 within the epoch, across reconnects and loops."""
    detections: tuple[Detection, ...]
    timestamp: Timestamp
    """When the frame was captured."""
    epoch: int = Field(ge=1)
    worker_id: UUID
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    detector: str
    inference_ms: float = Field(ge=0)
    published_at: Timestamp
