"""Finds scenarios to ask for again, and writes the requests."""

from collections.abc import Sequence
from uuid import UUID

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case
from psycopg2.extras import execute_values

from vap_api.convergence.rule import DueScenario
from vap_api.outbox.channel import CHANNEL
from vap_common.kafka.headers import new_traceparent
from vap_common.messages import InitScenario

# Three ways in which something got lost: nothing was heard for long; the operator speaks of a scenario but
# never began the end that was asked for; it speaks of one as alive whose end is known.
_DUE = """
UPDATE scenarios SET nudged_at = now(), alive_seen_at = NULL
WHERE id IN (
    SELECT id FROM scenarios
    WHERE status <> 'inactive' AND (
        greatest(created_at, confirmed_at, nudged_at) < now() - make_interval(secs => %(timeout)s)
        OR (status IN ('init_startup', 'in_startup_processing', 'active')
            AND greatest(shutdown_requested_at, nudged_at) < now() - make_interval(secs => %(timeout)s)
            AND shutdown_requested_at IS NOT NULL))
    UNION
    SELECT id FROM scenarios
    WHERE alive_seen_at IS NOT NULL AND status = 'inactive'
        AND (nudged_at IS NULL OR nudged_at < now() - make_interval(secs => %(timeout)s / 6))
    LIMIT %(limit)s)
RETURNING scenario_uuid::text, name, camera_url, camera_url_encrypted, analysis, status, epoch, shutdown_requested_at
"""
_INSERT = "INSERT INTO outbox_scenario (scenario_uuid, payload, traceparent) VALUES %s"


class ConvergenceRepository:
    """Both methods are steps of one transaction, so that a scenario counts as asked for only if it is."""

    def take_due(self, connection: Connection, timeout_s: float, limit: int) -> list[DueScenario]:
        """Up to `limit` scenarios; they are not due again for `timeout_s` seconds. Their rows stay locked."""
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"timeout": timeout_s, "limit": limit})
            return [DueScenario(UUID(row[0]), *row[1:]) for row in cursor.fetchall()]

    def add_requests(self, connection: Connection, requests: Sequence[InitScenario]) -> None:
        """Writes the outbox rows and wakes the relay on commit."""
        rows = [(str(request.scenario_uuid), request.encode().decode(), new_traceparent()) for request in requests]
        with connection.cursor() as cursor:
            execute_values(cursor, _INSERT, rows)
            cursor.execute(f"NOTIFY {CHANNEL}")
