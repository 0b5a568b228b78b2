"""The one function that decides a scenario's status: level-based, pure, one move at a time.

It is called again after every write, so an ending passes each of its states with a write of its own, and a
process may die between any two of them.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from vap_common.camera.redaction import redact
from vap_common.lifecycle import (
    RESTARTABLE_ERRORS,
    ScenarioState,
    StateReason,
    WorkerState,
)
from vap_common.messages import WorkerReport
from vap_common.times import truncate_to_milliseconds
from vap_operator.resources.videoscenario import Placement, ScenarioStatusBlock
from vap_operator.scenario.identity import requested_at, scenario_uuid
from vap_operator.scenario.observed import Limits, Observed, Offer, Wait
from vap_operator.scenario.readiness import MAX_MESSAGE, with_conditions
from vap_operator.scenario.restarts import restart_not_before
from vap_operator.scenario.source import MissingSecret, UnusableSource, UsableSource
from vap_operator.scenario.telemetry import current_telemetry, next_epoch
from vap_operator.scenario.transitions import move, with_beginning

SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason


@dataclass(frozen=True, slots=True)
class SlotWish:
    """The scenario needs a slot, on another runner than `avoid`."""

    avoid: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from the facts."""

    status: ScenarioStatusBlock | None = None
    """To be written; None where nothing changes."""
    moved: bool = False
    """Whether it is a move of the lifecycle (written at once) or a detail (may wait a moment)."""
    slot: SlotWish | None = None
    recheck_after_s: float | None = None
    """When the passing of time alone may change the answer."""


@dataclass(frozen=True, slots=True)
class _Ending:
    reason: StateReason
    message: str


@dataclass(frozen=True, slots=True)
class _Need:
    """A new worker is needed, because …"""

    reason: StateReason
    message: str = ""
    avoid: str | None = None
    keep_runner: bool = False
    """Whether the runner of the last epoch still holds the slot and takes the next epoch itself."""


def compute_status(observed: Observed, limits: Limits) -> Decision:
    """The next status of the scenario, and what else follows. Raises ForbiddenTransitionError never, by test."""
    status = with_beginning(observed.scenario.status, observed.scenario.metadata)
    match status.state:
        case ScenarioState.INACTIVE:
            return _steady(observed, status)
        case ScenarioState.INIT_SHUTDOWN:
            return _from_init_shutdown(observed, status)
        case ScenarioState.IN_SHUTDOWN_PROCESSING:
            return _from_in_shutdown_processing(observed, status, limits)
        case _:
            return _from_living(observed, status, limits)


def _from_init_shutdown(observed: Observed, status: ScenarioStatusBlock) -> Decision:
    if status.placement is None or observed.stop_published or observed.deletion_grace_over:
        return _moved(observed, status, ScenarioState.IN_SHUTDOWN_PROCESSING, status.reason, status.message or "")
    return _steady(observed, status)


def _from_in_shutdown_processing(observed: Observed, status: ScenarioStatusBlock, limits: Limits) -> Decision:
    if not _stop_confirmed(observed, status, limits):
        return _steady(observed, status)
    released = status.placement.model_copy(update={"assigned": False}) if status.placement is not None else None
    return _moved(observed, status, ScenarioState.INACTIVE, status.reason, status.message or "", placement=released)


def _stop_confirmed(observed: Observed, status: ScenarioStatusBlock, limits: Limits) -> bool:
    return (
        status.placement is None
        or not status.placement.assigned
        or observed.runner_lost is not None
        or (observed.worker is not None and observed.worker.state.is_ended)
        or (observed.stop_published and observed.unlisted_s >= limits.absence_confirms_stop_s)
        or observed.deletion_grace_over
    )


def _from_living(observed: Observed, status: ScenarioStatusBlock, limits: Limits) -> Decision:
    worker = observed.worker
    analysed = worker is not None and (worker.state is WorkerState.RUNNING or worker.frames > 0)
    if status.state is ScenarioState.IN_STARTUP_PROCESSING and analysed:
        # Also when it has ended already: a short file was analysed, and its history says so.
        return _moved(observed, status, ScenarioState.ACTIVE, StateReason.FRAMES_FLOWING, "")
    ending = _ending(observed)
    if ending is not None:
        return _moved(observed, status, ScenarioState.INIT_SHUTDOWN, ending.reason, ending.message)
    need = _need(observed, status, limits)
    if need is None:
        return _steady(observed, status)
    if isinstance(observed.source, MissingSecret):
        return _without_slot(observed, status, limits, SECRET_NOT_FOUND, observed.source.message)
    if need.keep_runner and status.placement is not None:
        return _new_epoch(observed, status, need, status.placement.runner)
    not_before = restart_not_before(status.transitions, observed.now)
    if not_before is not None and status.placement is not None:
        return _restart_later(observed, status, limits, need, not_before)
    return _place(observed, status, limits, need)


def _ending(observed: Observed) -> _Ending | None:
    scenario = observed.scenario
    if scenario.deleting:
        return _Ending(StateReason.DELETED, "the custom resource was deleted")
    if scenario.spec.desired_state == "Inactive":
        return _Ending(StateReason.SHUTDOWN_REQUESTED, "")
    if observed.spec_problem is not None:
        return _Ending(StateReason.FAILED, observed.spec_problem)
    if isinstance(observed.source, UnusableSource):
        return _Ending(StateReason.FAILED, observed.source.message)
    return _ending_of_worker(observed.worker)


def _ending_of_worker(worker: WorkerReport | None) -> _Ending | None:
    if worker is None:
        return None
    if worker.state is WorkerState.COMPLETED:
        return _Ending(StateReason.COMPLETED, redact(worker.message)[:MAX_MESSAGE])
    if worker.state is WorkerState.FAILED and worker.error is not None and worker.error.type not in RESTARTABLE_ERRORS:
        text = f"{worker.error.type.value}: {redact(worker.error.message)}"
        return _Ending(StateReason.FAILED, text[:MAX_MESSAGE])
    return None


def _need(observed: Observed, status: ScenarioStatusBlock, limits: Limits) -> _Need | None:
    placement = status.placement
    if status.state is ScenarioState.INIT_STARTUP or placement is None:
        # A scenario that lost its worker and had to wait says so when it starts again.
        return _Need(StateReason.WORKER_LOST if placement is not None else StateReason.WORKER_ASSIGNED)
    if observed.runner_lost is not None:
        return _Need(StateReason.WORKER_LOST, observed.runner_lost)
    ended = _need_of_worker(observed.worker, placement.runner)
    if ended is not None:
        return ended
    if observed.unlisted_s >= limits.assignment_timeout_s:
        return _Need(StateReason.WORKER_LOST, "its runner reports, but does not know the worker", placement.runner)
    changed = observed.settings_hash and status.settings_hash != observed.settings_hash
    if changed and observed.runner_listens:
        return _Need(StateReason.SETTINGS_CHANGED, keep_runner=True)
    return None


def _need_of_worker(worker: WorkerReport | None, runner: str) -> _Need | None:
    if worker is None or not worker.state.is_ended:
        return None
    text = redact(worker.error.message if worker.error is not None else worker.message)[:MAX_MESSAGE]
    match worker.state:
        case WorkerState.REJECTED:
            return _Need(StateReason.WORKER_REJECTED, text, avoid=runner)
        case WorkerState.DRAINED:
            return _Need(StateReason.RUNNER_DRAINED, text, avoid=runner)
        case WorkerState.FAILED | WorkerState.STOPPED:
            return _Need(StateReason.WORKER_LOST, text or "its worker ended")
        case _:
            return None


def _place(observed: Observed, status: ScenarioStatusBlock, limits: Limits, need: _Need) -> Decision:
    wish = SlotWish(avoid=need.avoid)
    match observed.verdict:
        case Offer(runner):
            decision = _new_epoch(observed, status, need, runner)
            # The claim stands until the write has succeeded: only then does the custom resource hold the slot.
            return Decision(decision.status, decision.moved, wish)
        case Wait(reason, message):
            decision = _without_slot(observed, status, limits, reason, message)
            return Decision(decision.status, decision.moved, wish, decision.recheck_after_s)
        case None:
            return Decision(slot=wish)


def _restart_later(
    observed: Observed, status: ScenarioStatusBlock, limits: Limits, need: _Need, not_before: datetime
) -> Decision:
    message = need.message or "its workers end again and again; the next one is started after a pause"
    decision = _without_slot(observed, status, limits, StateReason.WORKER_LOST, message)
    pause = (not_before - observed.now).total_seconds()
    return Decision(decision.status, decision.moved, None, pause)


def _without_slot(
    observed: Observed, status: ScenarioStatusBlock, limits: Limits, reason: str, message: str
) -> Decision:
    """No worker for now: back to init_startup, or still there, with a reason that helps."""
    if status.state is not ScenarioState.INIT_STARTUP:
        released = status.placement.model_copy(update={"assigned": False}) if status.placement is not None else None
        return _moved(observed, status, ScenarioState.INIT_STARTUP, reason, message, placement=released)
    if observed.scenario.status.observed_generation is None:
        # A slot, or the Secret, often comes within the moment: then the object never says that it waited.
        settles = requested_at(observed.scenario.metadata) + timedelta(seconds=limits.wait_settles_s)
        if observed.now < settles:
            return Decision(recheck_after_s=(settles - observed.now).total_seconds())
    if (status.reason, status.message) == (reason, message or None):
        return _steady(observed, status)
    sequence = status.sequence + (1 if status.reason != reason else 0)
    waiting = status.model_copy(update={"reason": reason, "message": message or None, "sequence": sequence})
    return _steady(observed, waiting)


def _new_epoch(observed: Observed, status: ScenarioStatusBlock, need: _Need, runner: str) -> Decision:
    before = status.placement
    epoch = int(observed.now.timestamp() * 1000)
    placement = Placement(
        runner=runner,
        worker_id=uuid.uuid4(),
        epoch=max(before.epoch + 1, epoch) if before is not None else epoch,
        restarts=before.restarts + 1 if before is not None else 0,
        assigned=True,
    )
    telemetry = next_epoch(current_telemetry(status.telemetry, observed.worker)) if before is not None else None
    fresh = status.model_copy(update={"settings_hash": observed.settings_hash, "telemetry": telemetry})
    return _moved(
        observed,
        fresh,
        ScenarioState.IN_STARTUP_PROCESSING,
        need.reason,
        need.message,
        placement=placement,
        new_epoch=True,
    )


def _moved(
    observed: Observed,
    status: ScenarioStatusBlock,
    state: ScenarioState,
    reason: str,
    message: str,
    *,
    placement: Placement | None = None,
    new_epoch: bool = False,
) -> Decision:
    after = move(status, state, str(reason), message, truncate_to_milliseconds(observed.now), placement=placement)
    worker = None if new_epoch else observed.worker
    whole = _with_facts(observed, after, worker, moved=True)
    return Decision(_with_telemetry(whole, worker), moved=True)


def _steady(observed: Observed, status: ScenarioStatusBlock) -> Decision:
    """The same state; conditions, reason and generation may still have changed."""
    whole = _with_facts(observed, status, observed.worker, moved=False)
    before = with_beginning(observed.scenario.status, observed.scenario.metadata)
    unwritten = whole.state is ScenarioState.INIT_STARTUP and observed.scenario.status.observed_generation is None
    # A new object needs no write that only says what the CRD's default says.
    says_nothing = unwritten and (whole.reason, whole.message) == (before.reason, before.message)
    changed = whole is not before and whole != before and not says_nothing
    if not changed and not observed.telemetry_due:
        return Decision()
    refreshed = _with_telemetry(whole, observed.worker)
    return Decision(refreshed) if changed or refreshed != before else Decision()


def _with_facts(
    observed: Observed, status: ScenarioStatusBlock, worker: WorkerReport | None, *, moved: bool
) -> ScenarioStatusBlock:
    metadata = observed.scenario.metadata
    public = observed.source.public if isinstance(observed.source, UsableSource | UnusableSource) else ""
    identity = {"scenario_uuid": scenario_uuid(metadata), "source": public or status.source}
    if (status.scenario_uuid, status.source) != tuple(identity.values()):
        status = status.model_copy(update=identity)
    return with_conditions(status, metadata, worker, truncate_to_milliseconds(observed.now), moved=moved)


def _with_telemetry(status: ScenarioStatusBlock, worker: WorkerReport | None) -> ScenarioStatusBlock:
    """Figures ride along with every write that happens anyway."""
    if worker is None:
        return status
    placement = status.placement
    if placement is not None and worker.process_pid is not None:
        placement = placement.model_copy(update={"process_pid": worker.process_pid})
    return status.model_copy(update={"telemetry": current_telemetry(status.telemetry, worker), "placement": placement})
