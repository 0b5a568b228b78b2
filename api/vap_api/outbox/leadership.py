"""One active relay: whoever holds an advisory lock. The lock lives and dies with the holder's connection."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.db.connection import connect
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings

log = structlog.get_logger(__name__)

RELAY_LOCK = 0x5641_5003
STANDBY_POLL_S = 0.5
FROZEN_AFTER_DELIVERY_TIMEOUTS = 2
"""A leader whose connection is idle for so many delivery timeouts is frozen; the server then drops it."""


class RelayLeadership:
    """Gives out the connection of the active relay. All its work goes over that connection, so that a relay
    that lost the lock (with its connection) can mark nothing any more."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @contextmanager
    def acquire(self, stop: StopSignal) -> Iterator[Connection | None]:
        """Waits on standby until this relay is the active one; yields None when it is time to end instead.

        Raises psycopg2.Error, also from within the body when the connection is lost.
        """
        connection = connect(self._settings, "vap-api relay")
        try:
            connection.autocommit = True
            waited = False
            while not self._try(connection):
                if not waited:
                    log.info("relay.standby")
                    waited = True
                if stop.wait(STANDBY_POLL_S):
                    yield None
                    return
            log.info("relay.leading")
            yield connection
        finally:
            connection.close()

    def _try(self, connection: Connection) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (RELAY_LOCK,))
            row = cursor.fetchone()
            held = bool(row and row[0])
            if held:
                silence_s = self._settings.outbox_delivery_timeout_seconds * FROZEN_AFTER_DELIVERY_TIMEOUTS + 30
                try:
                    cursor.execute("SET idle_session_timeout = %s", (f"{int(silence_s)}s",))
                except psycopg2.errors.UndefinedObject:
                    log.warning("relay.old_postgresql", detail="before version 14 a frozen relay is not replaced")
            return held
