"""Small things around the outbox: counting what waits, forgetting what was sent."""

import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.metrics import RelayMetrics
from vap_api.outbox.repository import PRUNE_CHUNK, OutboxRepository

log = structlog.get_logger(__name__)

SECONDS_PER_HOUR = 3600


class CountBacklog:
    """Sets the gauges that say how far behind the relay is."""

    interval_s = 5.0

    def __init__(self, repository: OutboxRepository, metrics: RelayMetrics) -> None:
        self._repository = repository
        self._metrics = metrics

    def run(self, connection: Connection) -> None:
        """Counts once."""
        pending, oldest_s = self._repository.backlog(connection)
        self._metrics.pending.set(pending)
        self._metrics.oldest_pending.set(oldest_s)


class PrunePublished:
    """Deletes published rows after their retention, a chunk at a time."""

    interval_s = 10.0

    def __init__(self, repository: OutboxRepository, retention_hours: float) -> None:
        self._repository = repository
        self._retention_s = retention_hours * SECONDS_PER_HOUR

    def run(self, connection: Connection) -> None:
        """Deletes one chunk; the next comes with the next round, so that rows to send never wait long."""
        gone = self._repository.prune(connection, self._retention_s)
        if gone == PRUNE_CHUNK:
            log.info("outbox.pruned", rows=gone)
