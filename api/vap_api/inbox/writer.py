"""The writing end: one connection, one batch at a time, kept at until the database has it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.db.connection import connect
from vap_api.db.errors import is_refusal
from vap_api.inbox.store import BatchStore
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings
from vap_common.backoff import Backoff

log = structlog.get_logger(__name__)

T = TypeVar("T")

RETRY_CAP_S = 2.0


class WriterStoppedError(RuntimeError):
    """It was time to end before the batch was stored; its records will be read again."""


@dataclass
class Written:
    """What became of a batch."""

    new: int = 0
    refused: list[tuple[int, Exception]] = field(default_factory=list)
    """Index within the batch and the database's reason."""
    seconds: float = 0.0
    """Time of the last transaction."""


class BatchWriter(Generic[T]):
    """Used by one thread. Stores each batch exactly once in effect: at least once, into an idempotent store."""

    def __init__(self, settings: Settings, name: str, store: BatchStore[T], stop: StopSignal) -> None:
        self._settings = settings
        self._name = name
        self._store = store
        self._stop = stop
        self._connection: Connection | None = None

    def write(self, batch: Sequence[T]) -> Written:
        """Stores `batch`, waiting for the database as long as it takes. Raises WriterStoppedError.

        A batch that the database refuses is halved until the refused messages stand alone; all others are stored.
        """
        written = Written()
        self._write_range(batch, 0, written)
        return written

    def close(self) -> None:
        """Closes the connection. Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write_range(self, batch: Sequence[T], offset: int, written: Written) -> None:
        try:
            written.new += self._persist(batch, written)
        except WriterStoppedError:
            raise
        except Exception as refusal:  # noqa: BLE001 - a message that breaks the store must not stop the others
            if len(batch) == 1:
                written.refused.append((offset, refusal))
                return
            middle = len(batch) // 2
            self._write_range(batch[:middle], offset, written)
            self._write_range(batch[middle:], offset + middle, written)

    def _persist(self, batch: Sequence[T], written: Written) -> int:
        """Tries until it is stored or time to end. Raises what blames the data, or is a bug that the data woke."""
        backoff = Backoff(first=0.05, cap=RETRY_CAP_S)
        while True:
            try:
                connection = self._ready_connection()
                started = time.perf_counter()
                with connection:
                    new = self._store.write(connection, batch)
            except psycopg2.Error as error:
                if is_refusal(error):
                    raise
                self.close()
                delay = backoff.next_delay()
                log.warning(
                    "inbox.database_failed",
                    consumer=self._name,
                    error=type(error).__name__,
                    code=error.pgcode,
                    retry_s=round(delay, 2),
                )
                if self._stop.wait(delay):
                    raise WriterStoppedError from None
            else:
                written.seconds = time.perf_counter() - started
                return new

    def _ready_connection(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = connect(self._settings, f"vap-api inbox {self._name}")
            try:
                with connection:
                    self._store.prepare(connection)
            except psycopg2.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection
