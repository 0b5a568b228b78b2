"""What a scenario's status says about its workers: the api hears of workers only through it."""

from dataclasses import dataclass
from uuid import UUID

from vap_common.lifecycle import ScenarioState, StateReason, WorkerState
from vap_common.messages import ScenarioStatus

_ENDED_BY: dict[str, WorkerState] = {
    StateReason.COMPLETED: WorkerState.COMPLETED,
    StateReason.FAILED: WorkerState.FAILED,
    StateReason.WORKER_LOST: WorkerState.FAILED,
    StateReason.WORKER_REJECTED: WorkerState.REJECTED,
    StateReason.RUNNER_DRAINED: WorkerState.DRAINED,
}


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A row of the workers table."""

    worker_id: UUID
    scenario_uuid: UUID
    camera_url: str
    status: WorkerState
    process_pid: int | None
    runner: str | None
    epoch: int
    sequence: int


def workers_of(status: ScenarioStatus) -> list[WorkerRow]:
    """The worker of the status, and those of earlier epochs that its transitions still name.

    The reason of the first transition after a worker's last says how it ended.
    """
    rows: dict[UUID, WorkerRow] = {}
    steps = sorted(status.transitions, key=lambda step: step.sequence)
    for index, step in enumerate(steps):
        if step.worker_id is None or not step.epoch or step.worker_id == status.worker_id:
            continue
        following = next((later for later in steps[index + 1 :] if later.worker_id != step.worker_id), None)
        rows[step.worker_id] = WorkerRow(
            worker_id=step.worker_id,
            scenario_uuid=status.scenario_uuid,
            camera_url=status.camera_url,
            status=ended_by(following.reason if following else status.reason),
            process_pid=None,
            runner=step.runner,
            epoch=step.epoch,
            sequence=following.sequence if following else status.sequence,
        )
    if status.worker_id is not None and status.epoch:
        rows[status.worker_id] = WorkerRow(
            worker_id=status.worker_id,
            scenario_uuid=status.scenario_uuid,
            camera_url=status.camera_url,
            status=worker_state(status),
            process_pid=status.process_pid,
            runner=status.runner,
            epoch=status.epoch,
            sequence=status.sequence,
        )
    return list(rows.values())


def worker_state(status: ScenarioStatus) -> WorkerState:
    """The state of the status's own worker."""
    match status.status:
        case ScenarioState.INIT_STARTUP:
            # Back at the start with a worker's name: that worker has ended, and no slot is free for the next.
            return ended_by(status.reason)
        case ScenarioState.IN_STARTUP_PROCESSING:
            return WorkerState.DEPLOYED if status.process_pid is not None else WorkerState.PENDING
        case ScenarioState.ACTIVE:
            return WorkerState.RUNNING
        case ScenarioState.INIT_SHUTDOWN | ScenarioState.IN_SHUTDOWN_PROCESSING:
            ended = _ENDED_BY.get(status.reason)
            return ended or WorkerState.RUNNING
        case ScenarioState.INACTIVE:
            return ended_by(status.reason)


def ended_by(reason: str) -> WorkerState:
    """How a worker ended, by the reason of the transition that ended it."""
    return _ENDED_BY.get(reason, WorkerState.STOPPED)
