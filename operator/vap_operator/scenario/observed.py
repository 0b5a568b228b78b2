"""Everything that is known about one scenario at one moment: the only input of `compute_status`."""

from dataclasses import dataclass
from datetime import datetime

from vap_common.messages import WorkerReport
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.source import SourceFact


@dataclass(frozen=True, slots=True)
class Offer:
    """The pool keeps a slot of this runner for the scenario."""

    runner: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The pool has no slot: `reason` is Queued or NoCapacity, the message says what would help."""

    reason: str
    message: str


Verdict = Offer | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Facts only. Durations are in seconds."""

    scenario: VideoScenario
    now: datetime
    source: SourceFact
    spec_problem: str | None = None
    """Why the spec can't be used although the API server took it."""
    settings_hash: str = ""
    """Of the spec and its Secret as they are now; empty where they cannot be used."""
    verdict: Verdict | None = None
    """The pool's answer; None until it has looked."""
    worker: WorkerReport | None = None
    """The current epoch's worker in its runner's newest heartbeat."""
    runner_lost: str | None = None
    """Why the current epoch's runner is lost."""
    runner_listens: bool = False
    """Whether the current epoch's runner was heard, is not lost and does not drain: it will obey another order."""
    unlisted_s: float = 0.0
    """How long the runner has been reporting without this worker since it was sent the current order."""
    stop_published: bool = False
    """Whether the stop of the current epoch was acknowledged by the broker (to this process)."""
    deletion_grace_over: bool = False
    """Whether the object was deleted so long ago that Kafka and the worker are no longer waited for."""
    telemetry_due: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's patience, in seconds; see the settings of the same names."""

    assignment_timeout_s: float = 60.0
    absence_confirms_stop_s: float = 5.0
    wait_settles_s: float = 0.5
    """How long a new scenario may wait for a slot before its custom resource says so."""
