"""A claimed row, and the order in which rows may be sent."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple


class OutboxRow(NamedTuple):
    """A row that waits to be published. A tuple, because tens of thousands are made each second."""

    id: int
    scenario_uuid: str
    payload: str
    """JSON of an InitScenario, as stored."""
    message_id: str
    traceparent: str | None
    created_at: datetime


class ScenarioOrder:
    """Rows in waves: in each at most one row of a scenario, its oldest; the next follows only after `done`.

    So a row whose sending failed holds back its scenario's later rows, and nobody else's.
    """

    def __init__(self, rows: Iterable[OutboxRow]) -> None:
        """Takes rows in the order of their ids."""
        self._queues: dict[str, deque[OutboxRow]] = {}
        for row in rows:
            self._queues.setdefault(row.scenario_uuid, deque()).append(row)

    def waves(self, done: set[int]) -> Iterator[list[OutboxRow]]:
        """Yields waves until nothing may be sent any more. The caller adds to `done` before it asks for the next."""
        while self._queues:
            wave = [queue[0] for queue in self._queues.values()]
            yield wave
            for row in wave:
                queue = self._queues[row.scenario_uuid]
                queue.popleft()
                if row.id not in done or not queue:
                    del self._queues[row.scenario_uuid]
