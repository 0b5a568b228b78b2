"""The last word on a scenario that has no custom resource (any more): inactive, through both shutdown states."""

from datetime import datetime

from vap_common.lifecycle import ScenarioState, StateReason, can_transition
from vap_common.messages import MAX_TRANSITIONS, InitScenario, ScenarioStatus, Transition
from vap_common.times import epoch_milliseconds

_ENDING = (ScenarioState.INIT_SHUTDOWN, ScenarioState.IN_SHUTDOWN_PROCESSING, ScenarioState.INACTIVE)


def ended_after(last: ScenarioStatus, reason: StateReason, message: str, now: datetime) -> ScenarioStatus:
    """`last`, brought to inactive: for a custom resource that vanished without its finalizer's leave."""
    status = last
    for state in _ENDING:
        if can_transition(status.status, state):
            status = _moved(status, state, reason, message, now)
    return status.model_copy(update={"published_at": now})


def ended_without_resource(request: InitScenario, reason: StateReason, message: str, now: datetime) -> ScenarioStatus:
    """The answer to a request about a scenario without a custom resource.

    Its epoch is newer than any: only then does the database take it for news.
    """
    last = ScenarioStatus(
        scenario_uuid=request.scenario_uuid,
        camera_url=request.camera_url,
        name=request.name,
        status=ScenarioState.INIT_STARTUP,
        reason=StateReason.QUEUED,
        epoch=max((request.last_epoch or 0) + 1, epoch_milliseconds()),
        sequence=0,
        analysis=request.analysis,
        published_at=now,
    )
    return ended_after(last, reason, message, now)


def _moved(
    status: ScenarioStatus, state: ScenarioState, reason: StateReason, message: str, now: datetime
) -> ScenarioStatus:
    entry = Transition(
        sequence=status.sequence + 1,
        state=state,
        reason=reason,
        message=message,
        at=now,
        epoch=status.epoch,
        worker_id=status.worker_id,
        runner=status.runner,
    )
    return status.model_copy(
        update={
            "status": state,
            "reason": str(reason),
            "message": message,
            "ready": False,
            "ready_reason": str(reason),
            "sequence": entry.sequence,
            "transitions": (*status.transitions, entry)[-MAX_TRANSITIONS:],
        }
    )
