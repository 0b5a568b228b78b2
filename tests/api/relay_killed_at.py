"""`vap-api relay`, put together as usual, except that it dies by SIGKILL at the point named in KILL_AT."""

import os
import signal
from collections.abc import Sequence

from prometheus_client import CollectorRegistry
from psycopg2.extensions import connection as Connection  # noqa: N812

from vap_api.commands.relay import build_relay
from vap_api.outbox.publisher import Outcome
from vap_api.outbox.relay import Publisher
from vap_api.outbox.repository import OutboxRepository
from vap_api.outbox.rows import OutboxRow
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings

KILL_AT = os.environ["KILL_AT"]


def reach(point: str) -> None:
    if point == KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)


class DyingRepository(OutboxRepository):
    def claim(self, connection: Connection, limit: int) -> list[OutboxRow]:
        rows = super().claim(connection, limit)
        if rows:
            reach("claimed")
        return rows

    def mark_published(self, connection: Connection, ids: Sequence[int]) -> None:
        super().mark_published(connection, ids)
        reach("marked")


class DyingPublisher:
    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def send(self, rows: Sequence[OutboxRow], stop: StopSignal) -> Outcome:
        if KILL_AT == "half-sent":
            self._publisher.send(rows[: len(rows) // 2], stop)
            reach("half-sent")
        outcome = self._publisher.send(rows, stop)
        reach("acknowledged")
        return outcome


settings = Settings()
stop = StopSignal()
build_relay(settings, CollectorRegistry(), DyingRepository(), DyingPublisher).run(stop)
