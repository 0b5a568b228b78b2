"""Takes in heartbeats, and sees which scenarios must be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from vap_common.kafka.reader import Record
from vap_common.lifecycle import WorkerState
from vap_common.messages import WorkerReport, WorkerStatus
from vap_operator.metrics import Metrics
from vap_operator.pool.keeper import PoolKeeper
from vap_operator.reconcile.store import Store
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.runners.fleet import Fleet, RunnerView
from vap_operator.runners.strays import Strays

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Heartbeats:
    """Frames that merely count up wake nobody; a worker that changes does."""

    fleet: Fleet
    store: Store
    queue: WorkQueue
    keeper: PoolKeeper
    strays: Strays
    metrics: Metrics

    async def handle(self, records: Sequence[Record[WorkerStatus]]) -> None:
        """Takes a batch."""
        self.metrics.consumed.labels("worker_status").inc(len(records))
        for record in records:
            if record.message is not None:
                self.take(record.message)

    def take(self, message: WorkerStatus) -> None:
        """Takes one heartbeat."""
        known = self.fleet.find(message.runner)
        before = dict(known.workers) if known is not None else {}
        offer_before = _offer(known)
        if not self.fleet.heartbeat(message):
            return
        after = self.fleet.find(message.runner)
        if after is None:
            return
        if known is None:
            log.info("runner.heard", runner=message.runner, slots=message.slots, workers=len(message.workers))
        for uuid in before.keys() | after.workers.keys():
            if _differ(before.get(uuid), after.workers.get(uuid)):
                self._changed(message.runner, uuid, after.workers.get(uuid))
        if offer_before != _offer(after):
            self.keeper.wake()
        self.strays.look_at(message)

    def _changed(self, runner: str, uuid: UUID, report: WorkerReport | None) -> None:
        if report is not None and report.state is WorkerState.REJECTED:
            self.fleet.refused(runner)
        scenario = self.store.find(uuid)
        if scenario is not None:
            self.queue.add(scenario.key)


def _differ(before: WorkerReport | None, after: WorkerReport | None) -> bool:
    """Whether two reports lead to different decisions."""
    if before is None or after is None:
        return before is not after
    return (
        before.state is not after.state
        or before.epoch != after.epoch
        or before.error != after.error
        or before.message != after.message
        or before.process_pid != after.process_pid
        or (before.frames > 0) is not (after.frames > 0)
    )


def _offer(view: RunnerView | None) -> tuple[int, bool, int] | None:
    """What of a heartbeat matters to the pool: slots, draining, living workers."""
    if view is None:
        return None
    living = sum(1 for report in view.status.workers if not report.state.is_ended)
    return view.status.slots, view.status.draining, living
