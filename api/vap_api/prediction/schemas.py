"""What the prediction call answers."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vap_common.lifecycle import ScenarioState
from vap_common.times import Timestamp


class DetectionView(BaseModel):
    """One object in a frame."""

    model_config = ConfigDict(populate_by_name=True)

    class_name: str = Field(alias="class")
    confidence: float = Field(description="0 to 1.")
    bbox: tuple[int, int, int, int] = Field(description="[x1, y1, x2, y2] in pixels of the source frame.")


class FrameView(BaseModel):
    """One analysed frame; `detections` is empty where nothing was seen."""

    frame_number: int = Field(description="Counts captured frames from 1 within an epoch.")
    detections: list[DetectionView]
    timestamp: Timestamp = Field(description="When the frame was captured.")
    epoch: int
    width: int
    height: int


class Prediction(BaseModel):
    """What a scenario saw, ascending by (epoch, frame_number, timestamp)."""

    scenario_uuid: UUID
    status: ScenarioState
    results: list[FrameView]
    next_cursor: str = Field(description="Give it as cursor to get what comes after these results, now or later.")
    frames_processed: int = Field(description="Frames analysed so far, as last reported.")
    reason: str = Field(description="Why results come or don't: FramesFlowing, Queued, AUTH_FAILED, …")
    message: str = Field(description="The same for people; may be empty.")
