"""The relay: takes outbox rows to Kafka, in order per scenario, at least once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.metrics import RelayMetrics
from vap_api.outbox.leadership import RelayLeadership
from vap_api.outbox.publisher import Outcome
from vap_api.outbox.repository import OutboxRepository
from vap_api.outbox.rows import OutboxRow, ScenarioOrder
from vap_api.process.stop import StopSignal
from vap_common.backoff import Backoff

log = structlog.get_logger(__name__)

RETRY_CAP_S = 5.0


class Publisher(Protocol):
    """Where rows are sent to."""

    def send(self, rows: Sequence[OutboxRow], stop: StopSignal) -> Outcome:
        """Sends one wave and waits for the outcome of each row."""


class Chore(Protocol):
    """Something else the active relay does from time to time, over its connection."""

    interval_s: float

    def run(self, connection: Connection) -> None:
        """Does it once; quick. Raises psycopg2.Error."""


@dataclass(frozen=True, slots=True)
class Drained:
    """One round: how many rows were claimed, and how many of them are still to be sent."""

    claimed: int
    left: int


class Relay:
    """Claim → send all → wait for all → mark. Killed anywhere between, rows are sent again, never lost.

    The claimed rows are all that is held in memory while the broker is away.
    """

    def __init__(
        self,
        leadership: RelayLeadership,
        repository: OutboxRepository,
        publisher: Publisher,
        chores: Sequence[Chore],
        metrics: RelayMetrics,
        *,
        batch_size: int,
        poll_s: float,
    ) -> None:
        self._leadership = leadership
        self._repository = repository
        self._publisher = publisher
        self._chores = chores
        self._metrics = metrics
        self._batch_size = batch_size
        self._poll_s = poll_s
        self._problem: str | None = "starting"

    def problem(self) -> str | None:
        """None while all is well (active or on standby), else what is not, for /readyz."""
        return self._problem

    def run(self, stop: StopSignal) -> None:
        """Relays until `stop`; a database that is away is waited for."""
        backoff = Backoff(first=0.1, cap=RETRY_CAP_S)
        while not stop.is_set():
            try:
                self._problem = None
                with self._leadership.acquire(stop) as connection:
                    if connection is not None:
                        backoff.reset()
                        self._metrics.leading.set(1)
                        self._lead(connection, stop)
            except psycopg2.Error as error:
                self._problem = f"database: {type(error).__name__}"
                delay = backoff.next_delay()
                log.warning(
                    "relay.database_failed", error=type(error).__name__, code=error.pgcode, retry_s=round(delay, 2)
                )
                stop.wait(delay)
            finally:
                self._metrics.leading.set(0)

    def drain(self, connection: Connection, stop: StopSignal) -> Drained:
        """Sends what waits, up to the batch size. Raises psycopg2.Error."""
        rows = self._repository.claim(connection, self._batch_size)
        if not rows:
            return Drained(0, 0)
        self._metrics.batch.observe(len(rows))
        done: set[int] = set()
        for wave in ScenarioOrder(rows).waves(done):
            outcome = self._publisher.send(wave, stop)
            if outcome.acknowledged:
                self._metrics.latency.observe((datetime.now(UTC) - wave[0].created_at).total_seconds())
                self._repository.mark_published(connection, outcome.acknowledged)
                self._metrics.published.inc(len(outcome.acknowledged))
                done.update(outcome.acknowledged)
            for row_id, error in outcome.unusable:
                log.error("outbox.set_aside", outbox_id=row_id, error=error)
                self._repository.set_aside(connection, row_id, error)
                self._metrics.set_aside.inc()
                done.add(row_id)
            if stop.is_set():
                break
        left = len(rows) - len(done)
        if left:
            self._metrics.delivery_failures.inc(left)
        return Drained(len(rows), left)

    def _lead(self, connection: Connection, stop: StopSignal) -> None:
        self._repository.listen(connection)
        due = [0.0] * len(self._chores)
        backoff = Backoff(first=0.05, cap=RETRY_CAP_S)
        while not stop.is_set():
            connection.notifies.clear()
            drained = self.drain(connection, stop)
            self._run_due(connection, due)
            if drained.left:
                self._problem = "broker: records are not acknowledged"
                stop.wait(backoff.next_delay())
                continue
            self._problem = None
            backoff.reset()
            # More rows wait, or a commit called while we were busy: no need to sleep first.
            if drained.claimed == self._batch_size or connection.notifies:
                continue
            stop.wait_for_input(connection.fileno(), self._poll_s)
            connection.poll()

    def _run_due(self, connection: Connection, due: list[float]) -> None:
        now = time.monotonic()
        for index, chore in enumerate(self._chores):
            if now >= due[index]:
                chore.run(connection)
                due[index] = time.monotonic() + chore.interval_s
