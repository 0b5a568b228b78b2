"""The work that exactly one process may do: reconciling, placing, reading requests and heartbeats.

Standing by (watching, listing, serving metrics) is not in here. A process that leads and may no longer do so
ends: its memory is not to be trusted by another term of leadership.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from vap_common.lifecycle import ScenarioState
from vap_common.messages import InitScenario, WorkerStatus
from vap_common.times import utc_now
from vap_operator.messaging.topic_thread import TopicThread
from vap_operator.metrics import Metrics
from vap_operator.pool.keeper import PoolKeeper
from vap_operator.reconcile.store import Store
from vap_operator.reconcile.workers import ReconcileWorkers
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.runners.strays import Strays
from vap_operator.runners.watch_lost import LostRunners

log = structlog.get_logger(__name__)

RECENT_S = 300.0
METRICS_INTERVAL_S = 5.0


@dataclass(slots=True)
class Leading:
    """Started once, when this process becomes the leader; stopped once, when it ends."""

    store: Store
    queue: WorkQueue
    workers: ReconcileWorkers
    keeper: PoolKeeper
    lost_runners: LostRunners
    strays: Strays
    requests: TopicThread[InitScenario]
    heartbeats: TopicThread[WorkerStatus]
    metrics: Metrics
    _started: bool = False
    _readers: tuple["TopicThread[InitScenario] | TopicThread[WorkerStatus]", ...] = field(default=())

    async def run(self) -> None:
        """Works until cancelled. Raises when one of its tasks fails. The store must have been listed before."""
        self._readers = (self.requests, self.heartbeats)
        for reader in self._readers:
            reader.start()
        self._enqueue_all()
        self._started = True
        log.info("operator.leading", scenarios=len(self.store.scenarios), pools=len(self.store.pools))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.workers.run())
                group.create_task(self.keeper.run())
                group.create_task(self.keeper.run_status())
                group.create_task(self.lost_runners.run())
                group.create_task(self._count_scenarios())
        finally:
            self.queue.close()
            await asyncio.gather(*(reader.stop() for reader in self._readers))
            await self.strays.stop()
            await self.keeper.stop()

    @property
    def started(self) -> bool:
        """Whether this process has become the leader."""
        return self._started

    def problem(self) -> str | None:
        """What keeps this process from being ready."""
        if not self._started:
            return "not leading yet"
        if not all(reader.assigned for reader in self._readers):
            return "Kafka cannot be read"
        return None

    def _enqueue_all(self) -> None:
        """Everything that is not final is looked at and published again; so is what ended a moment ago."""
        now = utc_now()
        for scenario in self.store.scenarios.values():
            finished = scenario.status.finished_at
            recent = finished is not None and (now - finished).total_seconds() < RECENT_S
            expires = scenario.spec.ttl_seconds_after_finished is not None
            if not scenario.status.state.is_final or scenario.deleting or recent or expires:
                self.queue.add(scenario.key)

    async def _count_scenarios(self) -> None:
        while True:
            counts = dict.fromkeys(ScenarioState, 0)
            for scenario in self.store.scenarios.values():
                counts[scenario.status.state] += 1
            for state, count in counts.items():
                self.metrics.scenarios.labels(state.value).set(count)
            await asyncio.sleep(METRICS_INTERVAL_S)
