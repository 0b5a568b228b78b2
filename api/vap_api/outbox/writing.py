"""Writes outbox rows inside somebody else's transaction."""

from sqlalchemy import Connection, insert, text

from vap_api.db.tables import outbox_scenario
from vap_api.outbox.channel import CHANNEL
from vap_common.messages import InitScenario


class OutboxWriter:
    """Adds requests for the operator.

    Order: a scenario's rows must be sent as their transactions committed. The caller holds the lock of the
    scenario's row (it inserted or updated it first), so a later transaction gets a higher id.
    """

    def __init__(self, *, notify: bool) -> None:
        self._notify = notify

    def add(self, connection: Connection, message: InitScenario, traceparent: str) -> None:
        """Adds a row, and wakes the relay when the transaction commits."""
        connection.execute(
            insert(outbox_scenario).values(
                scenario_uuid=message.scenario_uuid,
                payload=message.model_dump(mode="json", exclude_none=True),
                traceparent=traceparent,
            )
        )
        if self._notify:
            connection.execute(text(f"NOTIFY {CHANNEL}"))
