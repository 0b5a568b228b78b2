"""Daily partitions of scenario_results: made ahead of their day, dropped when their day is no longer kept."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg2
import structlog
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

log = structlog.get_logger(__name__)

PARENT = "scenario_results"
DEFAULT = "scenario_results_default"
HOUSEKEEPING_LOCK = 0x5641_5002
_DAILY = re.compile(rf"{PARENT}_(\d{{4}})(\d\d)(\d\d)")
_LIST = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'scenario_results'::regclass"
_MOVE = """
WITH moved AS (DELETE FROM {default} WHERE timestamp >= %s AND timestamp < %s RETURNING *)
INSERT INTO {partition} SELECT * FROM moved
"""


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """What is to be done: days to make partitions for, and partitions' days to drop."""

    create: tuple[date, ...]
    drop: tuple[date, ...]


def plan_partitions(existing: set[date], today: date, days_ahead: int, retention_days: int) -> PartitionPlan:
    """From yesterday (late results) to `days_ahead` from now; older than `retention_days` full days goes."""
    wanted = {today + timedelta(days=offset) for offset in range(-1, days_ahead + 1)}
    oldest_kept = today - timedelta(days=retention_days)
    return PartitionPlan(
        create=tuple(sorted(wanted - existing)),
        drop=tuple(sorted(day for day in existing if day < oldest_kept)),
    )


def partition_name(day: date) -> str:
    """The table that holds a day (UTC)."""
    return f"{PARENT}_{day:%Y%m%d}"


def partition_days(connection: Connection) -> set[date]:
    """The days that have a partition."""
    with connection.cursor() as cursor:
        cursor.execute(_LIST)
        matches = (_DAILY.fullmatch(name) for (name,) in cursor.fetchall())
        return {date(*(int(part) for part in match.groups())) for match in matches if match}


def keep_partitions(connection: Connection, today: date, days_ahead: int, retention_days: int) -> PartitionPlan | None:
    """Carries out the plan; returns it, or None where another process is at it right now.

    Takes a connection in autocommit mode. Each partition is a transaction of its own that gives up rather
    than wait long for a lock: the next round tries again. Raises psycopg2.Error.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (HOUSEKEEPING_LOCK,))
        if not _only_value(cursor):
            return None
        try:
            plan = plan_partitions(partition_days(connection), today, days_ahead, retention_days)
            for day in plan.create:
                _create(cursor, day)
            for day in plan.drop:
                cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(partition_name(day))))
                log.info("partitions.dropped", day=day.isoformat())
            # Odd times have no day of their own; they go by when they were stored.
            cutoff = datetime.combine(today - timedelta(days=retention_days), datetime.min.time(), UTC)
            cursor.execute(sql.SQL("DELETE FROM {} WHERE stored_at < %s").format(sql.Identifier(DEFAULT)), (cutoff,))
            return plan
        finally:
            if not connection.closed:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (HOUSEKEEPING_LOCK,))


def _create(cursor: "psycopg2.extensions.cursor", day: date) -> None:
    """Makes a day's table apart and attaches it: unlike CREATE … PARTITION OF that doesn't lock out readers.

    Rows of that day that landed in the default partition move along; they would forbid the attachment.
    """
    name = sql.Identifier(partition_name(day))
    default = sql.Identifier(DEFAULT)
    first = datetime.combine(day, datetime.min.time(), UTC)
    last = first + timedelta(days=1)
    cursor.execute("BEGIN")
    try:
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(default))
        cursor.execute(
            sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(name, sql.Identifier(PARENT)),
        )
        cursor.execute(sql.SQL(_MOVE).format(default=default, partition=name), (first, last))
        cursor.execute(
            sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM (%s) TO (%s)").format(
                sql.Identifier(PARENT), name
            ),
            (first, last),
        )
        cursor.execute("COMMIT")
    except psycopg2.Error:
        cursor.execute("ROLLBACK")
        raise
    log.info("partitions.created", day=day.isoformat())


def _only_value(cursor: "psycopg2.extensions.cursor") -> object:
    row = cursor.fetchone()
    assert row is not None
    return row[0]
