"""`vap-api inbox`: results and statuses from Kafka to the database."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import REGISTRY, CollectorRegistry

from vap_api.inbox.consumer import BatchConsumer
from vap_api.inbox.housekeeping import Housekeeping
from vap_api.inbox.result_store import ResultStore
from vap_api.inbox.status_store import StatusStore
from vap_api.inbox.store import BatchStore
from vap_api.inbox.writer import BatchWriter
from vap_api.metrics import InboxMetrics
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings
from vap_common.health import HealthServer
from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import RESULTS, SCENARIO_STATUS
from vap_common.messages import FrameResult, ScenarioStatus

log = structlog.get_logger(__name__)

Consumers = Sequence[BatchConsumer[FrameResult] | BatchConsumer[ScenarioStatus]]


class ConsumerFailedError(RuntimeError):
    """A consumer ended by itself; the log says why. The process ends, and whoever runs it starts it again."""


@dataclass
class InboxProcess:
    """The parts of a running inbox: one thread for each topic, so that a burst of results delays no status."""

    consumers: Consumers
    producer: MessageProducer
    housekeeping: Housekeeping
    health: HealthServer
    failed: bool = False

    def run(self, stop: StopSignal) -> None:
        """Stores until `stop`. Raises ConsumerFailedError when a consumer cannot go on."""
        self.housekeeping.start()
        self.health.start()
        threads = [
            threading.Thread(target=self._run_one, args=(consumer, stop), name=f"consume-{consumer.name}", daemon=True)
            for consumer in self.consumers
        ]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join()
        self.producer.close()
        self.health.stop()
        if self.failed:
            raise ConsumerFailedError("a consumer could not go on")

    def _run_one(self, consumer: BatchConsumer[FrameResult] | BatchConsumer[ScenarioStatus], stop: StopSignal) -> None:
        try:
            consumer.run()
        except Exception:
            log.exception("inbox.consumer_failed", topic=consumer.name)
            self.failed = True
            stop.set()


def build_inbox(
    settings: Settings,
    registry: CollectorRegistry,
    stop: StopSignal,
    result_store: BatchStore[FrameResult] | None = None,
) -> InboxProcess:
    """The composition root. Other parts than the usual ones may be given."""
    metrics = InboxMetrics(registry)
    producer = MessageProducer(settings, "vap-api-inbox")
    consumers: Consumers = (
        BatchConsumer(
            settings,
            RESULTS,
            FrameResult.decode,
            BatchWriter(settings, RESULTS.name, result_store or ResultStore(), stop),
            DeadLetterQueue(producer),
            metrics,
            stop,
            group_id=f"{settings.inbox_group_prefix}-{RESULTS.name}",
            session_timeout_ms=settings.inbox_session_timeout_ms,
            batch_size=settings.inbox_batch_size,
        ),
        BatchConsumer(
            settings,
            SCENARIO_STATUS,
            ScenarioStatus.decode,
            BatchWriter(settings, SCENARIO_STATUS.name, StatusStore(), stop),
            DeadLetterQueue(producer),
            metrics,
            stop,
            group_id=f"{settings.inbox_group_prefix}-{SCENARIO_STATUS.name}",
            session_timeout_ms=settings.inbox_session_timeout_ms,
            batch_size=settings.inbox_batch_size,
        ),
    )

    def ready() -> str | None:
        return "; ".join(problem for consumer in consumers if (problem := consumer.problem())) or None

    health = HealthServer(
        settings.health_host, settings.inbox_health_port, live=lambda: None, ready=ready, registry=registry
    )
    return InboxProcess(consumers, producer, Housekeeping(settings, stop), health)


def run_inbox(settings: Settings) -> None:
    """Stores until SIGTERM or SIGINT. Raises ConsumerFailedError."""
    stop = StopSignal()
    stop.on_signals()
    build_inbox(settings, REGISTRY, stop).run(stop)
