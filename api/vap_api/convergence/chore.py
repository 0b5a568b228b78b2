"""The convergence rule, as the active relay carries it out."""

import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.convergence.repository import ConvergenceRepository
from vap_api.convergence.rule import request_for
from vap_api.metrics import RelayMetrics
from vap_common.times import utc_now

log = structlog.get_logger(__name__)

LIMIT = 500
"""Requests a round: after an outage of everything they come in portions, not in one flood."""


class Converge:
    """Asks again for what was not confirmed."""

    def __init__(
        self, repository: ConvergenceRepository, metrics: RelayMetrics, *, interval_s: float, timeout_s: float
    ) -> None:
        self.interval_s = interval_s
        self._repository = repository
        self._metrics = metrics
        self._timeout_s = timeout_s

    def run(self, connection: Connection) -> None:
        """One round, in one transaction. Raises psycopg2.Error."""
        connection.autocommit = False
        try:
            with connection:
                due = self._repository.take_due(connection, self._timeout_s, LIMIT)
                requests = [request_for(scenario, utc_now()) for scenario in due]
                if requests:
                    self._repository.add_requests(connection, requests)
        finally:
            if not connection.closed:
                connection.autocommit = True
        for request in requests:
            self._metrics.nudges.labels(request.command.value).inc()
            log.info("convergence.asked_again", scenario_uuid=str(request.scenario_uuid), command=request.command.value)
