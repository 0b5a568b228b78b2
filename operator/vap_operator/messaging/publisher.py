"""Sends records and reports their delivery on the event loop."""

import asyncio
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaError

from vap_common.kafka.producer import MessageProducer, ProducerQueueFullError
from vap_common.kafka.topics import SCENARIO_STATUS, TO_DEPLOY, Topic
from vap_common.messages import Message, ScenarioStatus, ToDeploy
from vap_operator.metrics import Metrics

log = structlog.get_logger(__name__)

OnOutcome = Callable[[bool], None]
"""Called on the event loop: whether all in-sync replicas have the record."""


class Publisher:
    """Of `to_deploy` and `scenario_status`, both keyed by scenario, so that a scenario's records stay in order."""

    def __init__(
        self,
        producer: MessageProducer,
        loop: asyncio.AbstractEventLoop,
        metrics: Metrics,
        leading: Callable[[], bool] = lambda: True,
    ) -> None:
        """Nothing is sent while `leading()` is false; that counts as not delivered."""
        self._producer = producer
        self._loop = loop
        self._metrics = metrics
        self._leading = leading

    def order(
        self, scenario_uuid: str, message: ToDeploy | None, on_outcome: OnOutcome, traceparent: str | None = None
    ) -> None:
        """The current order of a scenario; None is the tombstone after a confirmed stop."""
        self._send(TO_DEPLOY, scenario_uuid, message, on_outcome, traceparent)

    def status(self, message: ScenarioStatus, on_outcome: OnOutcome, traceparent: str | None = None) -> None:
        """A scenario's state."""
        self._send(SCENARIO_STATUS, str(message.scenario_uuid), message, on_outcome, traceparent)

    async def status_and_wait(self, message: ScenarioStatus, traceparent: str | None = None) -> bool:
        """The same for a scenario that nobody will publish again; whether it was delivered."""
        outcome: asyncio.Future[bool] = self._loop.create_future()

        def done(delivered: bool) -> None:
            if not outcome.done():
                outcome.set_result(delivered)

        self.status(message, done, traceparent)
        return await outcome

    def _send(
        self, topic: Topic, key: str, message: Message | None, on_outcome: OnOutcome, traceparent: str | None
    ) -> None:
        def delivered(error: KafkaError | None) -> None:
            # On the producer's thread. A loop that is closed no longer wants to know.
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(finish, error is None)

        def finish(success: bool) -> None:
            self._metrics.published.labels(topic.name, "acknowledged" if success else "failed").inc()
            on_outcome(success)

        if not self._leading():
            self._loop.call_soon(finish, False)
            return
        try:
            self._producer.send(topic, key, message, traceparent=traceparent, on_delivery=delivered)
        except ProducerQueueFullError as error:
            log.warning("operator.producer_full", topic=topic.name, scenario_uuid=key, error=str(error))
            self._loop.call_soon(finish, False)
