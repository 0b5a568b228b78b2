"""Notices, without being told, that a runner is lost or takes work again: silence has no event."""

import asyncio
from dataclasses import dataclass, field

import structlog

from vap_operator.metrics import Metrics
from vap_operator.pool.keeper import PoolKeeper
from vap_operator.reconcile.store import Store
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.runners.fleet import Fleet, pod_of

log = structlog.get_logger(__name__)

INTERVAL_S = 1.0


@dataclass(slots=True)
class LostRunners:
    """Looks at all runners once a second."""

    fleet: Fleet
    store: Store
    queue: WorkQueue
    keeper: PoolKeeper
    metrics: Metrics
    _lost: set[str] = field(default_factory=set)
    _usable: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(INTERVAL_S)

    def look(self) -> None:
        """Looks once."""
        pods = self.store.pods
        named = {*self.fleet.runners(), *self.store.placed_runners()}
        usable = set()
        for runner in named:
            pod = pods.get(pod_of(runner))
            why = self.fleet.lost(runner, pod)
            if why is None:
                self._lost.discard(runner)
                if self.fleet.is_willing(runner, pod):
                    usable.add(runner)
            elif runner not in self._lost:
                self._lost.add(runner)
                self._tell(runner, why)
        self._lost &= named
        if usable != self._usable:
            self._usable = usable
            self.keeper.wake()
        self.fleet.forget({pod.metadata.name for pod in pods.values()} | {pod_of(name) for name in usable})

    def _tell(self, runner: str, why: str) -> None:
        self.metrics.runners_lost.inc()
        log.warning("runner.lost", runner=runner, why=why)
        for key in self.store.keys_on(runner):
            self.queue.add(key)
        self.keeper.wake()
