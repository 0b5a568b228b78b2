"""Keeps the results' partitions ahead of time and drops those past their retention, while the inbox runs."""

import threading
from datetime import UTC, datetime

import psycopg2
import structlog

from vap_api.db.connection import connect
from vap_api.db.partitions import keep_partitions
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings

log = structlog.get_logger(__name__)

INTERVAL_S = 900.0
RETRY_S = 15.0


class Housekeeping:
    """A thread that does it at the start and then every quarter of an hour; one process at a time."""

    def __init__(self, settings: Settings, stop: StopSignal) -> None:
        self._settings = settings
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                keep_partitions_now(self._settings)
            except psycopg2.Error as error:
                log.warning("partitions.failed", error=type(error).__name__, code=error.pgcode)
                self._stop.wait(RETRY_S)
            else:
                self._stop.wait(INTERVAL_S)


def keep_partitions_now(settings: Settings) -> None:
    """One round on a connection of its own. Raises psycopg2.Error."""
    connection = connect(settings, "vap-api partitions")
    try:
        connection.autocommit = True
        keep_partitions(
            connection, datetime.now(UTC).date(), settings.results_days_ahead, settings.results_retention_days
        )
    finally:
        connection.close()
