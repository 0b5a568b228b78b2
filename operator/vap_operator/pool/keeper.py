"""The one task that owns placement and the runner pods."""

import asyncio
import time
from collections.abc import Callable

import structlog
from pydantic import ValidationError

from vap_common.lifecycle import StateReason
from vap_common.times import utc_now
from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import ConflictError, KubeError, NotFoundError
from vap_operator.kube.resources import RUNNERPOOLS
from vap_operator.metrics import Metrics
from vap_operator.pool.claims import Claims
from vap_operator.pool.facts import Patience, PoolCounts
from vap_operator.pool.plan import plan
from vap_operator.pool.pods import PodChanges
from vap_operator.pool.status import build_pool_status
from vap_operator.pool.survey import Survey
from vap_operator.reconcile.store import Store
from vap_operator.resources.runnerpool import PoolStatus, RunnerPool
from vap_operator.runners.fleet import Fleet, pod_of
from vap_operator.scenario.observed import Offer, Wait

log = structlog.get_logger(__name__)

STATUS_INTERVAL_S = 1.0
PAUSE_RATIO = 4.0
"""Planning may take a fifth of the time; a single plan of a small pool takes a fraction of a millisecond."""
MAX_PAUSE_S = 0.1


class PoolKeeper:
    """Woken by everything that may change a plan; answers claims at once, changes pods in the background."""

    def __init__(
        self,
        *,
        api: KubeApi,
        store: Store,
        fleet: Fleet,
        claims: Claims,
        metrics: Metrics,
        patience: Patience,
        on_verdict: Callable[[str], None],
    ) -> None:
        self._api = api
        self._store = store
        self._fleet = fleet
        self._claims = claims
        self._metrics = metrics
        self._patience = patience
        self._on_verdict = on_verdict
        self._wake = asyncio.Event()
        self.changes = PodChanges(api, store, self._wake)
        self._survey = Survey(store, fleet, claims, self.changes)
        self._counts: dict[str, PoolCounts] = {}
        self._status_wake = asyncio.Event()

    def wake(self) -> None:
        """Something has changed."""
        self._wake.set()

    async def run(self) -> None:
        """Plans until cancelled."""
        while True:
            self._wake.clear()
            started = time.monotonic()
            wake_after = self._plan_all()
            # In a burst everything wakes the planning. It takes a share of the loop, and sees more at a time.
            await asyncio.sleep(min(MAX_PAUSE_S, PAUSE_RATIO * (time.monotonic() - started)))
            try:
                await asyncio.wait_for(self._wake.wait(), wake_after)
            except TimeoutError:
                continue

    async def run_status(self) -> None:
        """Writes the pools' status, at most once a second and only when it has changed, until cancelled."""
        while True:
            await self._status_wake.wait()
            self._status_wake.clear()
            for pool in list(self._store.pools.values()):
                await self._write_status(pool)
            await asyncio.sleep(STATUS_INTERVAL_S)

    async def stop(self) -> None:
        """Abandons changes of pods that are on their way."""
        await self.changes.stop()

    def _plan_all(self) -> float | None:
        now = time.monotonic()
        self._drop_void_offers()
        wake: list[float] = []
        for pool in list(self._store.pools.values()):
            wake_after = self._plan_one(pool, now)
            if wake_after is not None:
                wake.append(max(0.01, wake_after))
        for name in self._claims.pools():
            if self._store.pools.get(name) is None:
                self._refuse_all(name)
        self._survey.forget_gone()
        self._status_wake.set()
        return min(wake, default=None)

    def _plan_one(self, pool: RunnerPool, now: float) -> float | None:
        name = pool.metadata.name
        open_claims = [claim.fact for claim in self._claims.of(name) if not isinstance(claim.verdict, Offer)]
        result = plan(self._survey.pool(pool), self._survey.pods(name, now), open_claims, self._patience)
        for key, verdict in result.verdicts.items():
            if self._claims.answer(key, verdict):
                self._on_verdict(key)
        if (result.creates or result.deletes) and self.changes.is_fresh():
            self.changes.create(pool, result.creates)
            for doomed in result.deletes:
                self.changes.delete(doomed)
        self._counts[name] = result.counts
        return result.wake_after_s

    def _drop_void_offers(self) -> None:
        """An offer ends with its runner's readiness to take work, or with its pool."""
        for name in self._claims.pools():
            for claim in self._claims.of(name):
                offer = claim.verdict
                if isinstance(offer, Offer):
                    pod = self._store.pods.get(pod_of(offer.runner))
                    if pod is None or pod.pool != name or not self._fleet.takes_work(offer.runner, pod):
                        claim.verdict = None

    def _refuse_all(self, name: str) -> None:
        wait = Wait(
            StateReason.NO_CAPACITY,
            f"there is no RunnerPool named {name}; create it, or name another one in spec.runnerPoolName",
        )
        for claim in self._claims.of(name):
            if self._claims.answer(claim.fact.key, wait):
                self._on_verdict(claim.fact.key)

    async def _write_status(self, pool: RunnerPool) -> None:
        name = pool.metadata.name
        counts = self._counts.get(name)
        if counts is None:
            return
        self._show(name, counts)
        status = build_pool_status(pool, counts, self.changes.last_trouble(name), utc_now())
        if status == pool.status:
            return
        try:
            await self._patch(pool, status)
        except NotFoundError:
            self._store.pools.remove(name, pool.metadata.uid)
        except (ConflictError, KubeError) as error:
            log.info("operator.pool_status_not_written", pool=name, error=str(error))
            self._status_wake.set()
            if isinstance(error, ConflictError):
                await self._read_again(name)

    async def _patch(self, pool: RunnerPool, status: PoolStatus) -> None:
        patch = {"metadata": {"resourceVersion": pool.metadata.resource_version}, "status": status.to_json()}
        body = await self._api.merge_patch(RUNNERPOOLS, pool.metadata.name, patch, subresource="status")
        self._store.pools.accept(RunnerPool.parse(body))

    async def _read_again(self, name: str) -> None:
        try:
            if self._store.pools.accept(RunnerPool.parse(await self._api.get(RUNNERPOOLS, name))):
                # The watch event of that version will be no news.
                self.wake()
        except (KubeError, ValidationError) as error:
            log.info("operator.pool_not_read", pool=name, error=str(error))

    def _show(self, name: str, counts: PoolCounts) -> None:
        self._metrics.runners.labels(name, "all").set(counts.runners)
        self._metrics.runners.labels(name, "ready").set(counts.ready_runners)
        self._metrics.slots.labels(name, "all").set(counts.slots)
        self._metrics.slots.labels(name, "free").set(counts.free_slots)
        self._metrics.waiting.labels(name).set(counts.waiting)
