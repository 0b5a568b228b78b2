"""What the planning of one RunnerPool looks at: plain values, times in seconds of one monotonic clock."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PoolFact:
    """The pool's wishes."""

    name: str
    max_workers: int
    min_runners: int
    max_runners: int
    warm_slots: int
    idle_seconds: float
    deleting: bool = False
    may_create: bool = True
    """False while the API server refuses this pool's pods."""


@dataclass(frozen=True, slots=True)
class RunnerFact:
    """A runner that was heard."""

    runner: str
    slots: int
    used: int
    """Scenarios whose custom resource holds a slot here, offers included."""
    busy: bool
    """Whether it reports a worker that has not ended."""
    takes_work: bool
    silent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PodFact:
    """A pod of the pool, or one whose creation is on its way (`uid` is empty then)."""

    name: str
    uid: str
    age_s: float
    terminating: bool = False
    """Deleted, or about to be deleted by this process."""
    finished: bool = False
    runner: RunnerFact | None = None
    empty_for_s: float = 0.0
    """How long it has been without work."""

    @property
    def active(self) -> bool:
        """Whether it counts as one of the pool's runners."""
        return not self.terminating and not self.finished


@dataclass(frozen=True, slots=True, order=True)
class ClaimFact:
    """A scenario that needs a slot; ordered by who came first."""

    order: tuple[datetime, datetime, str]
    key: str = field(compare=False)
    avoid: str | None = field(default=None, compare=False)
    """A runner that shall not have it."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A pod to delete, that very one."""

    name: str
    uid: str
    why: str


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """For the pool's status and the metrics."""

    runners: int = 0
    ready_runners: int = 0
    slots: int = 0
    free_slots: int = 0
    scenarios: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """When a pod is given up, in seconds."""

    pod_start_s: float = 120.0
    silent_pod_s: float = 120.0
