"""The life of a scenario: its states, why it is in one, and which moves exist.

Every service imports this table; none has a copy. The state is computed by the operator alone,
everybody else reads it.
"""

from enum import StrEnum


class ScenarioState(StrEnum):
    """The six states, in the order in which a scenario passes them."""

    INIT_STARTUP = "init_startup"
    """Accepted; no worker yet."""
    IN_STARTUP_PROCESSING = "in_startup_processing"
    """A worker slot is assigned and persisted, `to_deploy` start is sent."""
    ACTIVE = "active"
    """The worker analyses frames."""
    INIT_SHUTDOWN = "init_shutdown"
    """An ending has begun; the reason says why."""
    IN_SHUTDOWN_PROCESSING = "in_shutdown_processing"
    """`to_deploy` stop is sent; the worker's confirmation is awaited."""
    INACTIVE = "inactive"
    """Final. A new scenario is made instead of reviving this one."""

    @property
    def is_ending(self) -> bool:
        """Whether the ending has begun: no worker will be started any more."""
        return self in ENDING_STATES

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self is ScenarioState.INACTIVE


ENDING_STATES = frozenset({ScenarioState.INIT_SHUTDOWN, ScenarioState.IN_SHUTDOWN_PROCESSING, ScenarioState.INACTIVE})

TRANSITIONS: dict[ScenarioState, frozenset[ScenarioState]] = {
    ScenarioState.INIT_STARTUP: frozenset({ScenarioState.IN_STARTUP_PROCESSING, ScenarioState.INIT_SHUTDOWN}),
    # To itself: the worker was lost or refused before its first frame, and another epoch began.
    # Back to init_startup: the same, and no slot is free.
    ScenarioState.IN_STARTUP_PROCESSING: frozenset(
        {
            ScenarioState.IN_STARTUP_PROCESSING,
            ScenarioState.INIT_STARTUP,
            ScenarioState.ACTIVE,
            ScenarioState.INIT_SHUTDOWN,
        }
    ),
    ScenarioState.ACTIVE: frozenset(
        {
            ScenarioState.IN_STARTUP_PROCESSING,
            ScenarioState.INIT_STARTUP,
            ScenarioState.INIT_SHUTDOWN,
        }
    ),
    ScenarioState.INIT_SHUTDOWN: frozenset({ScenarioState.IN_SHUTDOWN_PROCESSING}),
    ScenarioState.IN_SHUTDOWN_PROCESSING: frozenset({ScenarioState.INACTIVE}),
    ScenarioState.INACTIVE: frozenset(),
}


def can_transition(before: ScenarioState, after: ScenarioState) -> bool:
    """Whether the lifecycle has the move from `before` to `after`."""
    return after in TRANSITIONS[before]


class StateReason(StrEnum):
    """Why a scenario is in its state: CamelCase words for machines, as Kubernetes conditions have them."""

    QUEUED = "Queued"
    """Waits for its turn; a slot is free or being made."""
    NO_CAPACITY = "NoCapacity"
    """Every slot is taken and the pool may not grow."""
    WORKER_ASSIGNED = "WorkerAssigned"
    """A worker was told to start."""
    WORKER_LOST = "WorkerLost"
    """The worker's process, pod or connection is gone; another worker is being started."""
    WORKER_REJECTED = "WorkerRejected"
    """The runner had no free slot; another one is tried."""
    SETTINGS_CHANGED = "SettingsChanged"
    """The spec (or its Secret) changed; a worker with the new settings is being started."""
    RUNNER_DRAINED = "RunnerDrained"
    """The runner is going away in good order; the scenario moves."""
    FRAMES_FLOWING = "FramesFlowing"
    """Frames are being analysed."""
    SHUTDOWN_REQUESTED = "ShutdownRequested"
    """Somebody asked for the end."""
    COMPLETED = "Completed"
    """The source ended, such as a file at its last frame."""
    FAILED = "Failed"
    """It can never work as it is; the message says what to change."""
    DELETED = "Deleted"
    """The custom resource was deleted."""


ENDING_REASONS = frozenset(
    {StateReason.SHUTDOWN_REQUESTED, StateReason.COMPLETED, StateReason.FAILED, StateReason.DELETED}
)


class WorkerState(StrEnum):
    """What a runner says of one worker."""

    PENDING = "pending"
    """The assignment was read; the process has not taken it yet."""
    DEPLOYED = "deployed"
    """The process has the assignment and opens the source; also while it retries."""
    RUNNING = "running"
    """At least one frame was analysed."""
    COMPLETED = "completed"
    """The source ended."""
    FAILED = "failed"
    """Ended by an error: of the source for good, or of the process."""
    STOPPED = "stopped"
    """Ended as told."""
    DRAINED = "drained"
    """Ended because its runner goes away."""
    REJECTED = "rejected"
    """Never started: no slot was free."""

    @property
    def is_ended(self) -> bool:
        """Whether no process works for it any more."""
        return self in ENDED_WORKER_STATES


ENDED_WORKER_STATES = frozenset(
    {
        WorkerState.COMPLETED,
        WorkerState.FAILED,
        WorkerState.STOPPED,
        WorkerState.DRAINED,
        WorkerState.REJECTED,
    }
)


class WorkerErrorType(StrEnum):
    """Typed reasons for trouble with a source or a worker; stable words that people alert on."""

    CONNECTION_FAILED = "CONNECTION_FAILED"
    AUTH_FAILED = "AUTH_FAILED"
    TIMEOUT = "TIMEOUT"
    NOT_FOUND = "NOT_FOUND"
    CODEC_UNSUPPORTED = "CODEC_UNSUPPORTED"
    TLS_ERROR = "TLS_ERROR"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    CREDENTIALS_UNREADABLE = "CREDENTIALS_UNREADABLE"
    """The encrypted URL cannot be decrypted with this runner's VAP_SECRET_KEY."""
    DETECTOR_FAILED = "DETECTOR_FAILED"
    """The detector could not be loaded or raised on a frame."""
    WORKER_DIED = "WORKER_DIED"
    """The process ended without a word (a signal, the kernel's memory killer)."""
    MEMORY_LIMIT = "MEMORY_LIMIT"
    """The process was ended near its share of the pod's memory."""
    NO_FREE_SLOT = "NO_FREE_SLOT"
    """The runner was full."""


RESTARTABLE_ERRORS = frozenset(
    {WorkerErrorType.WORKER_DIED, WorkerErrorType.MEMORY_LIMIT, WorkerErrorType.NO_FREE_SLOT}
)
"""A `failed` worker with one of these gets a successor with a new epoch; with any other its scenario ends as Failed.

A worker reports `failed` only where trying again is in vain (a missing file, a refused address, a broken
detector). A camera that cannot be reached stays `deployed` or `running` with the error set, and is retried.
"""
