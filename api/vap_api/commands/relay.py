"""`vap-api relay`: outbox rows to Kafka, and the convergence rule."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import REGISTRY, CollectorRegistry

from vap_api.convergence.chore import Converge
from vap_api.convergence.repository import ConvergenceRepository
from vap_api.metrics import RelayMetrics
from vap_api.outbox.chores import CountBacklog, PrunePublished
from vap_api.outbox.leadership import RelayLeadership
from vap_api.outbox.publisher import OutboxPublisher
from vap_api.outbox.relay import Publisher, Relay
from vap_api.outbox.repository import OutboxRepository
from vap_api.outbox.topic_keeper import TopicKeeper
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings
from vap_common.health import HealthServer


@dataclass(frozen=True, slots=True)
class RelayProcess:
    """The parts of a running relay."""

    relay: Relay
    publisher: OutboxPublisher
    topics: TopicKeeper
    health: HealthServer

    def run(self, stop: StopSignal) -> None:
        """Relays until `stop`."""
        self.topics.start()
        self.health.start()
        try:
            self.relay.run(stop)
        finally:
            self.publisher.close()
            self.topics.stop()
            self.health.stop()


def build_relay(
    settings: Settings,
    registry: CollectorRegistry,
    repository: OutboxRepository | None = None,
    around_publisher: Callable[[Publisher], Publisher] = lambda publisher: publisher,
) -> RelayProcess:
    """The composition root. Connects to nothing yet; other parts than the usual ones may be given."""
    metrics = RelayMetrics(registry)
    outbox = repository or OutboxRepository()
    topics = TopicKeeper(settings, settings.topics_check_seconds)
    publisher = OutboxPublisher(
        settings,
        delivery_timeout_s=settings.outbox_delivery_timeout_seconds,
        on_missing_topic=topics.suspect,
    )
    relay = Relay(
        RelayLeadership(settings),
        outbox,
        around_publisher(publisher),
        [
            Converge(
                ConvergenceRepository(),
                metrics,
                interval_s=settings.convergence_interval_seconds,
                timeout_s=settings.confirmation_timeout_seconds,
            ),
            CountBacklog(outbox, metrics),
            PrunePublished(outbox, settings.outbox_retention_hours),
        ],
        metrics,
        batch_size=settings.outbox_batch_size,
        poll_s=settings.outbox_poll_seconds,
    )
    health = HealthServer(
        settings.health_host, settings.relay_health_port, live=lambda: None, ready=relay.problem, registry=registry
    )
    return RelayProcess(relay, publisher, topics, health)


def run_relay(settings: Settings) -> None:
    """Relays until SIGTERM or SIGINT."""
    stop = StopSignal()
    stop.on_signals()
    build_relay(settings, REGISTRY).run(stop)
