"""The relay's queries. Each is one statement in its own transaction: no lock outlives it."""

from collections.abc import Sequence

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.outbox.channel import CHANNEL
from vap_api.outbox.rows import OutboxRow

PRUNE_CHUNK = 10_000

# Never "id > the last one seen": ids are drawn before their transactions commit.
_CLAIM = """
SELECT id, scenario_uuid::text, payload::text, message_id::text, traceparent, created_at
FROM outbox_scenario WHERE NOT published AND failed_at IS NULL ORDER BY id LIMIT %s
"""
_MARK = "UPDATE outbox_scenario SET published = true, published_at = now() WHERE id = ANY(%s)"
_SET_ASIDE = "UPDATE outbox_scenario SET failed_at = now(), error = %s WHERE id = %s"
_BACKLOG = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
FROM outbox_scenario WHERE NOT published AND failed_at IS NULL
"""
_PRUNE = """
DELETE FROM outbox_scenario WHERE id IN (
    SELECT id FROM outbox_scenario WHERE published AND published_at < now() - make_interval(secs => %s)
    ORDER BY id LIMIT %s)
"""


class OutboxRepository:
    """Takes connections in autocommit mode. Every method raises psycopg2.Error."""

    def listen(self, connection: Connection) -> None:
        """From now on commits wake this connection."""
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")

    def claim(self, connection: Connection, limit: int) -> list[OutboxRow]:
        """The oldest rows that wait. Takes no lock: only the one active relay claims."""
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, (limit,))
            return [OutboxRow(*row) for row in cursor.fetchall()]

    def mark_published(self, connection: Connection, ids: Sequence[int]) -> None:
        """Notes that the broker has these rows."""
        with connection.cursor() as cursor:
            cursor.execute(_MARK, (list(ids),))

    def set_aside(self, connection: Connection, row_id: int, error: str) -> None:
        """Notes that a row can never be sent, and why."""
        with connection.cursor() as cursor:
            cursor.execute(_SET_ASIDE, (error, row_id))

    def backlog(self, connection: Connection) -> tuple[int, float]:
        """How many rows wait, and the age of the oldest in seconds."""
        with connection.cursor() as cursor:
            cursor.execute(_BACKLOG)
            row = cursor.fetchone()
            assert row is not None
            return row[0], row[1]

    def prune(self, connection: Connection, older_than_s: float) -> int:
        """Deletes up to PRUNE_CHUNK published rows of that age; returns how many went."""
        with connection.cursor() as cursor:
            cursor.execute(_PRUNE, (older_than_s, PRUNE_CHUNK))
            return cursor.rowcount
