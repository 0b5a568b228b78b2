"""`vap-api inbox`, except that it dies by SIGKILL in the middle of its third batch of results."""

import os
import signal
from collections.abc import Sequence

from prometheus_client import CollectorRegistry
from psycopg2.extensions import connection as Connection  # noqa: N812

from vap_api.commands.inbox import build_inbox
from vap_api.inbox.result_store import ResultStore
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings
from vap_common.messages import FrameResult

KILL_AT = os.environ["KILL_AT"]


class DyingStore(ResultStore):
    def __init__(self) -> None:
        self._batches = 0

    def write(self, connection: Connection, batch: Sequence[FrameResult]) -> int:
        self._batches += 1
        new = super().write(connection, batch)
        if self._batches == 3:
            if KILL_AT == "committed":
                connection.commit()
            os.kill(os.getpid(), signal.SIGKILL)
        return new


stop = StopSignal()
build_inbox(Settings(), CollectorRegistry(), stop, DyingStore()).run(stop)
