"""Transactions for the request handlers: a bounded pool of threads and connections, with a deadline on each call."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from vap_api.db.connection import connect
from vap_api.db.errors import DatabaseUnavailableError
from vap_api.process.daemon_pool import DaemonPool
from vap_api.settings import Settings

T = TypeVar("T")

WAITING_PER_CONNECTION = 25
"""Calls that may wait for each connection; the next is refused at once instead of queueing up to its deadline."""


class Database:
    """Runs units of work, each in one transaction on a thread of its own pool.

    A call past its deadline is answered at once although its thread may still hang on a frozen server;
    such a transaction is rolled back when the thread comes back, never committed behind the caller's back.
    """

    def __init__(self, settings: Settings, application_name: str) -> None:
        self._timeout_s = settings.database_timeout_seconds
        self._engine = create_engine(
            "postgresql+psycopg2://",
            creator=lambda: connect(settings, application_name, statement_timeout_s=settings.database_timeout_seconds),
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        self._threads = DaemonPool(settings.database_pool_size, "database")
        self._most_waiting = settings.database_pool_size * WAITING_PER_CONNECTION
        self._calls = 0

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The result of `work` in a committed transaction. Raises DatabaseUnavailableError, or what `work` raises."""
        if self._calls >= self._most_waiting:
            raise DatabaseUnavailableError("too many requests wait for the database")
        abandoned = threading.Event()
        self._calls += 1
        try:
            future = self._threads.submit(self._transaction, work, abandoned)
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout_s)
        except TimeoutError:
            raise DatabaseUnavailableError(f"the database did not answer within {self._timeout_s:g} s") from None
        finally:
            # Also when the client went away: nobody will hear of the result.
            abandoned.set()
            self._calls -= 1

    def close(self) -> None:
        """Closes the idle connections and ends the threads; one that hangs is not waited for."""
        self._threads.close()
        self._engine.dispose()

    def _transaction(self, work: Callable[[Connection], T], abandoned: threading.Event) -> T:
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                result = work(connection)
                if abandoned.is_set():
                    transaction.rollback()
                    raise DatabaseUnavailableError("the caller has gone")
                return result
        except (OperationalError, InterfaceError) as error:
            raise DatabaseUnavailableError(f"the database is not available ({type(error.orig).__name__})") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailableError("the connection to the database was lost") from error
            raise
