"""`worker_status`: a runner's heartbeat, with all its workers. Key: runner."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages.base import Message
from vap_common.times import Timestamp


class WorkerError(BaseModel):
    """What is wrong with a worker or its source; the message says what a person can do."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: WorkerErrorType
    message: str = ""


class WorkerReport(BaseModel):
    """One worker, as its runner sees it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    worker_id: UUID
    scenario_uuid: UUID
    epoch: int
    state: WorkerState
    stop_read: bool = False
    """Whether the runner has read a stop (or a newer order) for this epoch: an ended worker with it leaves the list."""
    process_pid: int | None = None
    frames: int = Field(default=0, ge=0)
    """Frames analysed in this epoch."""
    fps: float = Field(default=0.0, ge=0)
    """Analysed frames per second over the last seconds."""
    last_frame_at: Timestamp | None = None
    error: WorkerError | None = None
    message: str = ""
    """Something worth knowing that is no error, such as that a file ended in the middle of a frame."""


class WorkerStatus(Message):
    """A heartbeat: every 2 s, and at once when a worker changes."""

    runner: str
    """Pod name + `.` + boot id: a restarted container is another runner."""
    pod: str
    sequence: int = Field(ge=0)
    """Counts this runner's heartbeats, so that a late one is known as old."""
    slots: int = Field(ge=0)
    """Worker processes this runner can have, busy ones included."""
    warm_slots: int = Field(default=0, ge=0)
    """Free processes that are loaded and wait."""
    draining: bool = False
    """Takes no new work and is going away."""
    workers: tuple[WorkerReport, ...] = ()
    sent_at: Timestamp
