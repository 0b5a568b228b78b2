"""`scenario_status`: what the operator says of a scenario; the only way its status in the database changes."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vap_common.lifecycle import ScenarioState
from vap_common.messages.analysis import AnalysisSettings
from vap_common.messages.base import Message
from vap_common.times import Timestamp

MAX_TRANSITIONS = 16


class Transition(BaseModel):
    """One entry of a scenario's history."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    sequence: int = Field(ge=0)
    state: ScenarioState
    reason: str
    message: str = ""
    at: Timestamp
    epoch: int | None = None
    worker_id: UUID | None = None
    runner: str | None = None


class Telemetry(BaseModel):
    """How the analysis goes, summed over all epochs where it says so."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    frames_processed: int = Field(default=0, ge=0)
    """Frames analysed, all epochs."""
    frames_per_second: float = Field(default=0.0, ge=0)
    last_frame_at: Timestamp | None = None


class ScenarioStatus(Message):
    """A scenario's state. Key: scenario_uuid.

    Applied only when (epoch or 0, sequence) is newer than what is stored; an equal one confirms it and
    refreshes telemetry and readiness.
    """

    scenario_uuid: UUID
    camera_url: str
    """Masked."""
    name: str | None = None
    """The custom resource's name where a person chose it."""
    status: ScenarioState
    reason: str
    message: str = ""
    ready: bool = False
    ready_reason: str = ""
    """Why frames flow or not: FramesFlowing, Starting, or a stream error such as AUTH_FAILED."""
    worker_id: UUID | None = None
    runner: str | None = None
    process_pid: int | None = None
    epoch: int | None = None
    restarts: int = Field(default=0, ge=0)
    sequence: int = Field(ge=0)
    transitions: tuple[Transition, ...] = ()
    telemetry: Telemetry = Telemetry()
    analysis: AnalysisSettings = AnalysisSettings()
    published_at: Timestamp

    @property
    def order(self) -> tuple[int, int]:
        """The place of this status among all of its scenario."""
        return self.epoch or 0, self.sequence
