"""Many statuses of one scenario to one: which is newer, and what is kept of the others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from vap_common.messages import ScenarioStatus, Transition


@dataclass
class FoldedStatus:
    """What a batch says about one scenario."""

    newest: ScenarioStatus
    transitions: dict[tuple[int, int], Transition] = field(default_factory=dict)
    """By (sequence, epoch), from all statuses of the batch."""
    alive: ScenarioStatus | None = None
    """The last one by publication that speaks of the scenario as not final."""


def supersedes(candidate: ScenarioStatus, current: ScenarioStatus) -> bool:
    """Whether `candidate` is to be shown rather than `current`. The update statement of the store says the same.

    By (epoch, sequence); an equal one by its publication, because only telemetry and readiness differ.
    The end is the end: nothing follows an inactive status, and one that knows of no newer epoch ends
    whatever there is (the operator numbers an answer for a scenario without a resource as best it can).
    """
    if current.status.is_final:
        return candidate.status.is_final and _order(candidate) >= _order(current)
    if candidate.status.is_final and (candidate.epoch is None or candidate.epoch >= (current.epoch or 0)):
        return True
    return _order(candidate) >= _order(current)


def _order(status: ScenarioStatus) -> tuple[tuple[int, int], float]:
    return status.order, status.published_at.timestamp()


def fold(statuses: Iterable[ScenarioStatus]) -> dict[UUID, FoldedStatus]:
    """One entry per scenario, in the order of their uuids: every writer locks rows in the same order."""
    folded: dict[UUID, FoldedStatus] = {}
    for status in statuses:
        entry = folded.get(status.scenario_uuid)
        if entry is None:
            entry = folded[status.scenario_uuid] = FoldedStatus(status)
        elif supersedes(status, entry.newest):
            entry.newest = status
        for step in transitions_of(status):
            entry.transitions[step.sequence, step.epoch or 0] = step
        if not status.status.is_final and (entry.alive is None or status.published_at >= entry.alive.published_at):
            entry.alive = status
    return dict(sorted(folded.items()))


def transitions_of(status: ScenarioStatus) -> tuple[Transition, ...]:
    """The transitions that came along; a status without any is one itself."""
    return status.transitions or (
        Transition(
            sequence=status.sequence,
            state=status.status,
            reason=status.reason,
            message=status.message,
            at=status.published_at,
            epoch=status.epoch,
            worker_id=status.worker_id,
            runner=status.runner,
        ),
    )
