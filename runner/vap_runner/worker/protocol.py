"""What a worker process and its runner tell each other over their pipe."""

from dataclasses import dataclass, field
from datetime import datetime

from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages import ToDeploy, WorkerError


@dataclass(frozen=True, slots=True)
class Assignment:
    """Runner to worker, once: the scenario to work on."""

    order: ToDeploy
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Runner to worker: end. With `drain` because the runner goes away, else because it was asked for."""

    drain: bool


@dataclass(frozen=True, slots=True)
class Warm:
    """Worker to runner, once: loaded, ready for an assignment."""

    seconds: float
    """How long it took."""


@dataclass(frozen=True, slots=True)
class WorkCounters:
    """Cumulative numbers of one worker process."""

    captured: int = 0
    sampled: int = 0
    analysed: int = 0
    dropped_frames: int = 0
    inference_seconds: float = 0.0
    results_sent: int = 0
    """Acknowledged by the broker."""
    results_unchanged: int = 0
    """Left out because nothing changed (emit: OnChange)."""
    results_dropped: int = 0
    results_held: int = 0
    """Waiting now for the permission to be sent; not cumulative."""
    stream_errors: dict[WorkerErrorType, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """Worker to runner: every second, and at once when the state or the error changes."""

    state: WorkerState
    frames: int
    fps: float
    last_frame_at: datetime | None
    error: WorkerError | None
    message: str
    counters: WorkCounters


ToWorker = Assignment | Stop
FromWorker = Warm | Progress
