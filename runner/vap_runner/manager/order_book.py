"""Which order counts: pure, so that every sequence of records can be tested."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from vap_common.messages import DeployAction, ToDeploy

MAX_REMEMBERED = 200_000
"""Scenarios whose newest order is remembered; about 100 bytes each."""


@dataclass(frozen=True, slots=True)
class ReceivedOrder:
    """A record of to_deploy with its trace context; `order` is None for a tombstone."""

    scenario_uuid: UUID
    order: ToDeploy | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an order means for this runner."""

    start: bool = False
    """Start the order's (scenario, epoch) here."""
    end_through: int | None = None
    """End own workers of the scenario up to and including this epoch: their stop was read."""
    superseded: bool = False
    """Those workers were replaced by another worker, so that they may send nothing any more."""


NOTHING = Verdict()


class OrderBook:
    """Knows the newest order of each scenario, and so starts a (scenario, epoch) at most once.

    Orders are ordered by (epoch, stop after start). Older and equal ones are ignored: they come again when a
    new leader publishes everything anew, or when this runner reads the topic again. Tombstones forget nothing,
    or an older start read again after one would start a finished epoch.
    """

    def __init__(self, runner: str) -> None:
        self._runner = runner
        self._newest: OrderedDict[UUID, tuple[int, int]] = OrderedDict()

    def judge(self, order: ToDeploy) -> Verdict:
        """What to do, given all orders judged before."""
        scenario = order.scenario_uuid
        newest = self._newest.get(scenario)
        ours = order.runner == self._runner
        if newest is not None and order.order <= newest:
            # A start of ours that comes again is known; one that names another runner ends ours, at any rate.
            same_start = order.order == newest and order.action is DeployAction.START
            return Verdict(end_through=order.epoch, superseded=True) if same_start and not ours else NOTHING
        self._newest[scenario] = order.order
        self._newest.move_to_end(scenario)
        if len(self._newest) > MAX_REMEMBERED:
            self._newest.popitem(last=False)
        if order.action is DeployAction.STOP:
            return Verdict(end_through=order.epoch)
        return Verdict(start=ours, end_through=order.epoch - 1 if ours else order.epoch, superseded=True)


def newest_of_each(received: Iterable[ReceivedOrder]) -> list[ReceivedOrder]:
    """Only the newest order of each scenario, in order of arrival: what was replaced meanwhile need not begin.

    Tombstones are kept where no order of their scenario came with them.
    """
    newest: dict[UUID, ReceivedOrder] = {}
    for entry in received:
        known = newest.get(entry.scenario_uuid)
        if known is None or known.order is None or (entry.order is not None and entry.order.order > known.order.order):
            newest[entry.scenario_uuid] = entry
    return list(newest.values())
