"""Publishes what a persisted status demands, and sees to it that it arrives."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from vap_common.lifecycle import ScenarioState
from vap_common.messages import WorkerReport
from vap_common.times import utc_now
from vap_operator.messaging.publisher import Publisher
from vap_operator.reconcile.memo import Memo
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.resources.names import ANNOTATION_TRACEPARENT
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.runners.listening import ListeningClock
from vap_operator.scenario.identity import scenario_uuid
from vap_operator.scenario.records import (
    Order,
    OrderKind,
    build_order,
    build_status,
    status_identity,
    wanted_order,
)
from vap_operator.scenario.source import SourceFact

log = structlog.get_logger(__name__)


ORDER_EVERY = 3
"""Orders are kept by a compacted topic, and sent again when the broker was away: the period is a last resort."""


@dataclass(slots=True)
class ScenarioPublisher:
    """Level-based: compares what should be published with what was, so a lost record is sent by a later pass."""

    publisher: Publisher
    queue: WorkQueue
    clock: ListeningClock
    status_interval_s: float

    def publish(
        self,
        scenario: VideoScenario,
        memo: Memo,
        source: SourceFact,
        worker: WorkerReport | None,
        now: float,
    ) -> None:
        """Sends what has changed, and everything when the periodic publication is due (`now`: event-loop time)."""
        due = now >= memo.status_due and not scenario.status.state.is_final
        if due:
            memo.publications += 1
        self._publish_order(scenario, memo, source, again=due and memo.publications % ORDER_EVERY == 0)
        self._publish_status(scenario, memo, source, worker, again=due)
        if due:
            self._schedule(memo, now)

    def everything_delivered(self, scenario: VideoScenario, memo: Memo) -> bool:
        """Whether the broker has the last record of either kind."""
        order = wanted_order(scenario.status)
        return memo.order.acknowledged == order and memo.status.acknowledged == memo.status.sent is not None

    def stop_delivered(self, scenario: VideoScenario, memo: Memo) -> bool:
        """Whether the broker has the stop of the current epoch."""
        order = wanted_order(scenario.status)
        return order is not None and order.kind is OrderKind.STOP and memo.order.acknowledged == order

    def _schedule(self, memo: Memo, now: float) -> None:
        memo.status_due = now + self.status_interval_s * random.uniform(0.85, 1.0)  # noqa: S311 - jitter

    def _publish_order(self, scenario: VideoScenario, memo: Memo, source: SourceFact, *, again: bool) -> None:
        order = wanted_order(scenario.status)
        if order is None or (memo.order.sent == order and not again):
            return
        uuid = str(scenario_uuid(scenario.metadata))
        try:
            message = build_order(scenario, order, source, utc_now())
        except LookupError as error:
            log.info("operator.order_not_published", scenario_uuid=uuid, error=str(error))
            return
        memo.order.sent = order
        self.publisher.order(uuid, message, self._order_outcome(scenario, memo, order), _traceparent(scenario))

    def _order_outcome(self, scenario: VideoScenario, memo: Memo, order: Order) -> Callable[[bool], None]:
        ending = scenario.status.state.is_ending

        def done(delivered: bool) -> None:
            if not delivered:
                memo.order.failed(order)
                self.queue.retry(scenario.key)
            elif memo.order.delivered(order, self.clock.now) and ending:
                self.queue.add(scenario.key)

        return done

    def _publish_status(
        self,
        scenario: VideoScenario,
        memo: Memo,
        source: SourceFact,
        worker: WorkerReport | None,
        *,
        again: bool,
    ) -> None:
        identity = status_identity(scenario.status, worker)
        if memo.status.sent == identity and not again:
            return
        memo.status.sent = identity
        message = build_status(scenario, source, worker, utc_now())
        final = scenario.status.state is ScenarioState.INACTIVE

        def done(delivered: bool) -> None:
            if not delivered:
                memo.status.failed(identity)
                self.queue.retry(scenario.key)
            elif memo.status.delivered(identity, self.clock.now) and final:
                self.queue.add(scenario.key)

        self.publisher.status(message, done, _traceparent(scenario))


def _traceparent(scenario: VideoScenario) -> str | None:
    return scenario.metadata.annotations.get(ANNOTATION_TRACEPARENT)
