"""Queries on results. The primary key is the reading order, so each is one walk along an index per day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select, tuple_

from vap_api.db.tables import scenario_results

_READING_ORDER = (scenario_results.c.epoch, scenario_results.c.frame_number, scenario_results.c.timestamp)
_SHOWN = select(
    scenario_results.c.frame_number,
    scenario_results.c.detections,
    scenario_results.c.timestamp,
    scenario_results.c.epoch,
    scenario_results.c.width,
    scenario_results.c.height,
)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the reading order. `timestamp_us` is Unix time in microseconds."""

    epoch: int
    frame_number: int
    timestamp_us: int

    @property
    def timestamp(self) -> datetime:
        """The timestamp as PostgreSQL compares it. Raises OverflowError beyond the year 9999."""
        return _UNIX_EPOCH + timedelta(microseconds=self.timestamp_us)


BEGINNING = Position(0, 0, 0)


def position_of(row: RowMapping) -> Position:
    """The position of a row."""
    age = row["timestamp"] - _UNIX_EPOCH
    return Position(row["epoch"], row["frame_number"], max(0, age // timedelta(microseconds=1)))


class PredictionRepository:
    """Each method is a step of the caller's transaction; rows come in reading order."""

    def newest(self, connection: Connection, scenario_uuid: UUID, limit: int) -> Sequence[RowMapping]:
        """The last `limit` rows."""
        query = (
            _SHOWN.where(scenario_results.c.scenario_uuid == scenario_uuid)
            .order_by(*(column.desc() for column in _READING_ORDER))
            .limit(limit)
        )
        return connection.execute(query).mappings().all()[::-1]

    def after(
        self, connection: Connection, scenario_uuid: UUID, position: Position, limit: int
    ) -> Sequence[RowMapping]:
        """The first `limit` rows after `position`."""
        query = (
            _SHOWN.where(
                scenario_results.c.scenario_uuid == scenario_uuid,
                tuple_(*_READING_ORDER) > (position.epoch, position.frame_number, position.timestamp),
            )
            .order_by(*_READING_ORDER)
            .limit(limit)
        )
        return connection.execute(query).mappings().all()

    def newest_epoch(self, connection: Connection, scenario_uuid: UUID) -> int | None:
        """The last epoch that has results, or None."""
        query = (
            select(scenario_results.c.epoch)
            .where(scenario_results.c.scenario_uuid == scenario_uuid)
            .order_by(*(column.desc() for column in _READING_ORDER))
            .limit(1)
        )
        epoch: int | None = connection.execute(query).scalar_one_or_none()
        return epoch
