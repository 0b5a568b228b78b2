"""What goes in and out of the scenario calls."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from vap_common.lifecycle import ScenarioState
from vap_common.messages import DETECTOR_NAMES, AnalysisSettings
from vap_common.times import Timestamp

MIN_FPS = 0.0003
MAX_FPS = 60
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
MAX_CLASSES = 100


def _known_detector(name: str) -> str:
    if name not in DETECTOR_NAMES:
        raise ValueError(f"there is no such detector; there are: {', '.join(DETECTOR_NAMES)}")
    return name


def _encodable(text: str) -> str:
    """JSON can spell half a character (a lone surrogate); nothing can store it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds characters that are not Unicode text") from None
    return text


DetectorName = Annotated[
    str, AfterValidator(_known_detector), WithJsonSchema({"type": "string", "enum": list(DETECTOR_NAMES)})
]


class StartScenario(BaseModel):
    """A camera to analyse. Unknown fields are refused: a misspelt `confidence` would silently do nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"camera_url": "rtsp://192.168.1.20/stream1", "classes": ["person"], "target_fps": 5}]
        },
    )

    camera_url: Annotated[str, AfterValidator(_encodable)] = Field(
        description="rtsp, rtsps, rtmp, http or https URL, or file where the service allows it. May hold "
        "credentials: they are encrypted, and never shown again.",
    )
    name: Annotated[str, Field(min_length=1, max_length=128, pattern=PRINTABLE)] | None = Field(
        default=None, description="For people; need not be unique."
    )
    detector: DetectorName = Field(default="nanodet", description="What looks at the frames.")
    target_fps: float = Field(
        default=5.0, ge=MIN_FPS, le=MAX_FPS, description="Frames analysed per second; 0.0003 is one an hour."
    )
    confidence: float = Field(
        default=0.5, ge=0, le=1, description="Least confidence of a detection; kept in whole percent."
    )
    classes: list[
        Annotated[
            str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")
        ]
    ] = Field(default=[], max_length=MAX_CLASSES, description="Names of classes to keep; empty keeps all.")
    on_stream_end: Literal["Complete", "Restart"] = Field(
        default="Complete", description="What the end of a file means: done, or from the start again."
    )
    emit: Literal["All", "OnChange"] = Field(
        default="All", description="All frames, or only those whose detections changed."
    )

    def analysis(self) -> AnalysisSettings:
        """The same in the whole numbers that the platform uses."""
        return AnalysisSettings(
            detector=self.detector,
            min_confidence_percent=round(self.confidence * 100),
            classes=tuple(self.classes),
            frame_interval_ms=round(1000 / self.target_fps),
            emit=self.emit,
            on_stream_end=self.on_stream_end,
        )


class ScenarioAccepted(BaseModel):
    """A scenario and where it stands."""

    scenario_uuid: UUID
    status: ScenarioState


class ScenarioView(BaseModel):
    """A scenario as it is known to the database."""

    scenario_uuid: UUID
    name: str | None = None
    camera_url: str = Field(description="Without credentials.")
    status: ScenarioState = Field(
        description="As the operator said last; init_shutdown from the moment that a shutdown was asked for."
    )
    reason: str = Field(description="Why it is in that state: a stable word.")
    message: str = Field(description="The same for people.")
    ready: bool = Field(description="Whether frames are being analysed.")
    ready_reason: str = Field(description="Why or why not, such as AUTH_FAILED.")
    detector: str
    target_fps: float
    confidence: float
    classes: list[str]
    on_stream_end: str
    emit: str
    worker_id: UUID | None = None
    runner: str | None = None
    process_pid: int | None = None
    epoch: int | None = Field(default=None, description="Number of the current assignment; grows with each.")
    restarts: int = Field(description="Assignments after the first.")
    frames_processed: int = Field(description="Frames analysed, as last reported.")
    frames_per_second: float
    last_frame_at: Timestamp | None = None
    shutdown_requested_at: Timestamp | None = None
    created_at: Timestamp
    updated_at: Timestamp = Field(description="When the state last changed.")
    confirmed_at: Timestamp | None = Field(default=None, description="When the operator was last heard of it.")


class ScenarioPage(BaseModel):
    """Scenarios, newest first."""

    scenarios: list[ScenarioView]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class TransitionView(BaseModel):
    """One step of a scenario's life."""

    sequence: int
    status: ScenarioState
    reason: str
    message: str
    at: Timestamp
    epoch: int | None = None
    worker_id: UUID | None = None
    runner: str | None = None


class HistoryPage(BaseModel):
    """A scenario's steps, oldest first."""

    scenario_uuid: UUID
    transitions: list[TransitionView]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


def analysis_fields(stored: dict[str, Any]) -> dict[str, Any]:
    """The settings of a stored scenario in the terms of the request that made it."""
    analysis = AnalysisSettings.model_validate(stored)
    return {
        "detector": analysis.detector,
        "target_fps": round(1000 / analysis.frame_interval_ms, 4),
        "confidence": analysis.min_confidence_percent / 100,
        "classes": list(analysis.classes),
        "on_stream_end": analysis.on_stream_end,
        "emit": analysis.emit,
    }
