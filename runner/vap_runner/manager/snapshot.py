from dataclasses import dataclass

from vap_common.messages import WorkerReport


@dataclass(frozen=True, slots=True)
class RunnerSnapshot:
    """The runner's state at one moment, for heartbeats and health."""

    version: int
    slots: int
    warm: int = 0
    busy: int = 0
    draining: bool = False
    workers: tuple[WorkerReport, ...] = ()
    warmed_up: bool = False
    """Whether any process was warm since the start."""
    drained: bool = False
    """Draining, and no worker is left."""
