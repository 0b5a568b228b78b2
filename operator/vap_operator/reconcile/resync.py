"""Lists every object: at the start, from time to time, and when something does not add up."""

import asyncio
from dataclasses import dataclass, field

import structlog

from vap_common.backoff import Backoff
from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import KubeError, NotFoundError
from vap_operator.kube.resources import RUNNERPOOLS, VIDEOSCENARIOS
from vap_operator.reconcile.intake import Intake
from vap_operator.reconcile.store import Store
from vap_operator.resources.runnerpool import RunnerPool
from vap_operator.resources.videoscenario import VideoScenario

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Resync:
    """Watching may miss a deletion (its stream was cut and its history is gone); a list does not."""

    api: KubeApi
    store: Store
    intake: Intake
    interval_s: float
    _listed_at: float = field(default=float("-inf"))
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def until_listed(self) -> None:
        """The first list: waits for the API server, and for the CRDs to be installed."""
        backoff = Backoff(first=0.2, cap=5.0)
        while True:
            try:
                await self.list_all()
            except KubeError as error:
                hint = "install the CRDs (crds/)" if isinstance(error, NotFoundError) else None
                log.warning("operator.waiting_for_kubernetes", error=str(error), hint=hint)
                await asyncio.sleep(backoff.next_delay())
            else:
                return

    async def run(self) -> None:
        """Lists again and again until cancelled."""
        while True:
            await asyncio.sleep(self.interval_s)
            try:
                await self.list_all()
            except KubeError as error:
                log.warning("operator.resync_failed", error=str(error))

    async def list_scenarios(self, *, max_age_s: float = 0.0) -> None:
        """Lists the scenarios unless that was done within `max_age_s`. Raises KubeError."""
        async with self._lock:
            if asyncio.get_running_loop().time() - self._listed_at <= max_age_s:
                return
            before = self.store.scenarios.uids()
            bodies = await self.api.list(VIDEOSCENARIOS)
            for body in bodies:
                self.intake.scenario(None, body)
            present = {body["metadata"]["uid"] for body in bodies}
            for scenario in self._missing(before, present):
                self.intake.scenario_gone(scenario)
            self._listed_at = asyncio.get_running_loop().time()

    async def list_all(self) -> None:
        """Scenarios, pools and pods. Raises KubeError."""
        await self.intake.keeper.changes.refresh()
        await self._list_pools()
        await self.list_scenarios()
        self.intake.keeper.wake()

    def _missing(self, before: dict[str, str], present: set[str]) -> list[VideoScenario]:
        return [
            scenario
            for scenario in self.store.scenarios.values()
            if scenario.metadata.uid not in present and before.get(scenario.key) == scenario.metadata.uid
        ]

    async def _list_pools(self) -> None:
        before = self.store.pools.uids()
        listed = [RunnerPool.parse(body) for body in await self.api.list(RUNNERPOOLS)]
        for pool in listed:
            self.store.pools.accept(pool)
        for pool in self.store.pools.missing_from(listed, before):
            self.store.pools.remove(pool.metadata.name, pool.metadata.uid)
