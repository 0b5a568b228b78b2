"""One pass over a scenario: observe, compute, persist the intent, act. Nobody else writes a scenario's status."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from vap_common.lifecycle import ScenarioState
from vap_common.times import utc_now
from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import ConflictError, NotFoundError
from vap_operator.kube.resources import VIDEOSCENARIOS
from vap_operator.metrics import Metrics
from vap_operator.pool.claims import Claims
from vap_operator.pool.facts import ClaimFact
from vap_operator.pool.keeper import PoolKeeper
from vap_operator.reconcile.memo import Memo
from vap_operator.reconcile.observing import Observer
from vap_operator.reconcile.publishing import ScenarioPublisher
from vap_operator.reconcile.store import Store
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.resources.base import JsonObject
from vap_operator.resources.names import FINALIZER
from vap_operator.resources.videoscenario import ScenarioStatusBlock, VideoScenario
from vap_operator.scenario.compute import Decision, compute_status
from vap_operator.scenario.identity import queue_order, requested_at, scenario_uuid
from vap_operator.scenario.observed import Limits, Observed

log = structlog.get_logger(__name__)

MAX_STEPS = 12
"""More writes than any scenario needs in one pass."""
DETAIL_INTERVAL_S = 2.0
"""Least time between two writes that are no moves, such as a camera's errors coming and going."""
CONFIRMATION_POLL_S = 1.0
REPUBLISH_WITHIN_S = 2.0


@dataclass(slots=True)
class Reconciler:
    """Level-based: every pass starts from what is true now, so it may be interrupted between any two lines."""

    api: KubeApi
    store: Store
    queue: WorkQueue
    claims: Claims
    keeper: PoolKeeper
    observer: Observer
    publishing: ScenarioPublisher
    metrics: Metrics
    limits: Limits
    telemetry_interval_s: float
    on_gone: Callable[[VideoScenario], None]
    """Called once with the last known version of a scenario that no longer exists."""
    _memos: dict[str, Memo] = field(default_factory=dict)

    def publish_again(self, key: str) -> None:
        """The next pass publishes the scenario whatever was published before."""
        scenario = self.store.scenarios.get(key)
        if scenario is not None:
            memo = self._memo(scenario)
            memo.status.sent = None
            memo.order.sent = None
            self.queue.add(key)

    def publish_all_again(self) -> None:
        """The broker may have lost everything: all that is not final is published again within moments."""
        for key, memo in self._memos.items():
            scenario = self.store.scenarios.get(key)
            if scenario is not None and not scenario.status.state.is_final:
                memo.status.sent = None
                memo.order.sent = None
                self.queue.add_after(key, random.uniform(0.0, REPUBLISH_WITHIN_S))  # noqa: S311 - jitter

    def forget(self, key: str) -> None:
        """The scenario is gone."""
        self._memos.pop(key, None)
        if self.claims.withdraw(key):
            self.keeper.wake()

    async def reconcile(self, key: str) -> None:
        """Brings one scenario as far as it can go now, and arranges for the next pass. Raises KubeError."""
        for _ in range(MAX_STEPS):
            scenario = self.store.scenarios.get(key)
            if scenario is None:
                self.forget(key)
                return
            try:
                if not await self._step(scenario):
                    return
            except ConflictError:
                self.metrics.reconciles.labels("conflict").inc()
                await self._read_again(scenario)
            except NotFoundError:
                self._gone(scenario)
        # Something else is writing as fast as we read: let others have their turn.
        self.queue.retry(key)

    async def _step(self, scenario: VideoScenario) -> bool:
        """At most one write; whether another step should follow at once."""
        if self._needs_finalizer(scenario):
            await self._set_finalizers(scenario, (*scenario.metadata.finalizers, FINALIZER))
            return True
        memo = self._memo(scenario)
        now = asyncio.get_running_loop().time()
        observed = await self.observer.observe(scenario, memo, now)
        if self.store.scenarios.get(scenario.key) is not scenario:
            return True
        decision = compute_status(observed, self.limits)
        self._tell_pool(scenario, decision)
        if decision.status is not None and self._may_write(decision, memo, now):
            await self._write(scenario, decision.status, memo, moved=decision.moved)
            return True
        if decision.slot is not None and observed.verdict is None:
            # The pool's answer comes within this moment, and says what there is to publish.
            self.queue.add_after(scenario.key, CONFIRMATION_POLL_S)
            return False
        self.publishing.publish(scenario, memo, observed.source, observed.worker, now)
        if scenario.deleting and scenario.status.state.is_final:
            return await self._release(scenario, memo, observed)
        await self._plan_next(scenario, memo, decision, now)
        return False

    def _memo(self, scenario: VideoScenario) -> Memo:
        memo = self._memos.get(scenario.key)
        if memo is None or memo.uid != scenario.metadata.uid:
            memo = Memo(uid=scenario.metadata.uid)
            memo.telemetry_due = self._next_telemetry(asyncio.get_running_loop().time())
            self._memos[scenario.key] = memo
        return memo

    @staticmethod
    def _needs_finalizer(scenario: VideoScenario) -> bool:
        return (
            FINALIZER not in scenario.metadata.finalizers
            and not scenario.deleting
            and not scenario.status.state.is_final
        )

    def _tell_pool(self, scenario: VideoScenario, decision: Decision) -> None:
        if decision.slot is None:
            news = self.claims.withdraw(scenario.key)
        else:
            fact = ClaimFact(order=queue_order(scenario.metadata), key=scenario.key, avoid=decision.slot.avoid)
            news = self.claims.claim(scenario.spec.runner_pool_name, fact)
        if news:
            self.keeper.wake()

    @staticmethod
    def _may_write(decision: Decision, memo: Memo, now: float) -> bool:
        return decision.moved or now - memo.written_at >= DETAIL_INTERVAL_S

    async def _write(self, scenario: VideoScenario, status: ScenarioStatusBlock, memo: Memo, *, moved: bool) -> None:
        patch: JsonObject = {
            "metadata": {"resourceVersion": scenario.metadata.resource_version},
            "status": status.to_json(),
        }
        body = await self.api.merge_patch(VIDEOSCENARIOS, scenario.key, patch, subresource="status")
        written = VideoScenario.parse(body)
        self.store.accept_scenario(written)
        now = asyncio.get_running_loop().time()
        memo.written_at = now
        memo.telemetry_due = self._next_telemetry(now)
        if moved:
            self._tell_of_move(written, scenario.status.state)
            if not (written.status.placement is not None and written.status.placement.assigned):
                # A slot may have become free.
                self.keeper.wake()

    def _tell_of_move(self, scenario: VideoScenario, before: ScenarioState) -> None:
        status = scenario.status
        placement = status.placement
        self.metrics.transitions.labels(status.state.value, status.reason).inc()
        if status.state is ScenarioState.IN_STARTUP_PROCESSING and placement is not None and not placement.restarts:
            waited = (utc_now() - requested_at(scenario.metadata)).total_seconds()
            self.metrics.assignment_seconds.observe(max(0.0, waited))
        log.info(
            "scenario.moved",
            scenario_uuid=str(scenario_uuid(scenario.metadata)),
            resource=scenario.key,
            before=before.value,
            state=status.state.value,
            reason=status.reason,
            message=status.message,
            runner=placement.runner if placement else None,
            epoch=placement.epoch if placement else None,
        )

    async def _release(self, scenario: VideoScenario, memo: Memo, observed: Observed) -> bool:
        """Lets a deleted scenario go once everybody has been told; a broker that is away is not waited for."""
        if not (self.publishing.everything_delivered(scenario, memo) or observed.deletion_grace_over):
            self.queue.add_after(scenario.key, CONFIRMATION_POLL_S)
            return False
        if FINALIZER not in scenario.metadata.finalizers:
            return False
        remaining = tuple(name for name in scenario.metadata.finalizers if name != FINALIZER)
        await self._set_finalizers(scenario, remaining)
        if remaining:
            return False
        self._gone(scenario)
        return True

    async def _set_finalizers(self, scenario: VideoScenario, finalizers: tuple[str, ...]) -> None:
        patch: JsonObject = {
            "metadata": {
                "resourceVersion": scenario.metadata.resource_version,
                "finalizers": list(finalizers),
            }
        }
        body = await self.api.merge_patch(VIDEOSCENARIOS, scenario.key, patch)
        self.store.accept_scenario(VideoScenario.parse(body))

    async def _read_again(self, scenario: VideoScenario) -> None:
        try:
            body = await self.api.get(VIDEOSCENARIOS, scenario.key)
        except NotFoundError:
            self._gone(scenario)
            return
        fresh = VideoScenario.parse(body)
        if fresh.metadata.uid != scenario.metadata.uid:
            self._gone(scenario)
        self.store.accept_scenario(fresh)

    def _gone(self, scenario: VideoScenario) -> None:
        last = self.store.remove_scenario(scenario.key, scenario.metadata.uid)
        if last is not None:
            self.on_gone(last)

    async def _plan_next(self, scenario: VideoScenario, memo: Memo, decision: Decision, now: float) -> None:
        """Arranges the pass that the passing of time will need."""
        status = scenario.status
        if status.state.is_final:
            await self._expire(scenario)
            return
        if memo.telemetry_due <= now and decision.status is None:
            memo.telemetry_due = self._next_telemetry(now)
        delays = [memo.status_due - now]
        if status.state is ScenarioState.ACTIVE:
            delays.append(memo.telemetry_due - now)
        if status.state.is_ending:
            delays.append(CONFIRMATION_POLL_S)
        if decision.recheck_after_s is not None:
            delays.append(decision.recheck_after_s)
        if decision.status is not None:
            delays.append(memo.written_at + DETAIL_INTERVAL_S - now)
        self.queue.add_after(scenario.key, max(0.01, min(delays)))

    async def _expire(self, scenario: VideoScenario) -> None:
        """A finished scenario goes when its time is over."""
        ttl = scenario.spec.ttl_seconds_after_finished
        finished = scenario.status.finished_at
        if ttl is None or finished is None or scenario.deleting:
            return
        left = (finished + timedelta(seconds=ttl) - utc_now()).total_seconds()
        if left > 0:
            self.queue.add_after(scenario.key, left)
            return
        await self.api.delete(VIDEOSCENARIOS, scenario.key, uid=scenario.metadata.uid)
        log.info("scenario.expired", scenario_uuid=str(scenario_uuid(scenario.metadata)), resource=scenario.key)

    def _next_telemetry(self, now: float) -> float:
        return now + self.telemetry_interval_s * random.uniform(1.0, 1.2)  # noqa: S311 - jitter
