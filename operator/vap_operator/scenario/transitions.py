"""Moves of the lifecycle, as changes of a status."""

from datetime import datetime

from vap_common.lifecycle import ScenarioState, StateReason, can_transition
from vap_common.messages import MAX_TRANSITIONS
from vap_operator.resources.base import Metadata
from vap_operator.resources.videoscenario import Placement, ScenarioStatusBlock, TransitionEntry
from vap_operator.scenario.identity import requested_at


class ForbiddenTransitionError(RuntimeError):
    """The lifecycle has no such move: a mistake in this program."""


def with_beginning(status: ScenarioStatusBlock, metadata: Metadata) -> ScenarioStatusBlock:
    """A status whose history has its first entry: a new object is in init_startup without any write."""
    if status.transitions:
        return status
    first = TransitionEntry(
        sequence=0, state=ScenarioState.INIT_STARTUP, reason=StateReason.QUEUED.value, at=requested_at(metadata)
    )
    return status.model_copy(update={"transitions": (first,)})


def move(
    status: ScenarioStatusBlock,
    state: ScenarioState,
    reason: str,
    message: str,
    now: datetime,
    *,
    placement: Placement | None = None,
) -> ScenarioStatusBlock:
    """`status` after a move to `state`; `placement` replaces the current one. Raises ForbiddenTransitionError."""
    if not can_transition(status.state, state):
        raise ForbiddenTransitionError(f"{status.state} -> {state}")
    placed = placement or status.placement
    last = status.transitions[-1].at if status.transitions else now
    entry = TransitionEntry(
        sequence=status.sequence + 1,
        state=state,
        reason=reason,
        message=message or None,
        # A clock that was set back must not make the history run backwards.
        at=max(now, last),
        epoch=placed.epoch if placed else None,
        worker_id=placed.worker_id if placed else None,
        runner=placed.runner if placed else None,
    )
    return status.model_copy(
        update={
            "state": state,
            "reason": reason,
            "message": message or None,
            "placement": placed,
            "sequence": entry.sequence,
            "transitions": (*status.transitions, entry)[-MAX_TRANSITIONS:],
            "finished_at": entry.at if state.is_final else status.finished_at,
        }
    )
