"""Queries on workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select

from vap_api.db.tables import workers
from vap_common.lifecycle import WorkerState


@dataclass(frozen=True, slots=True)
class WorkerFilter:
    """What a list is narrowed to; None and empty narrow nothing."""

    statuses: Sequence[WorkerState] = ()
    scenario_uuid: UUID | None = None


class WorkerRepository:
    """Each method is a step of the caller's transaction."""

    def page(
        self, connection: Connection, narrowed: WorkerFilter, before_id: int | None, limit: int
    ) -> Sequence[RowMapping]:
        """Up to `limit` rows with an id below `before_id`, newest first."""
        query = select(workers).order_by(workers.c.id.desc()).limit(limit)
        if narrowed.statuses:
            query = query.where(workers.c.status.in_([status.value for status in narrowed.statuses]))
        if narrowed.scenario_uuid is not None:
            query = query.where(workers.c.scenario_uuid == narrowed.scenario_uuid)
        if before_id is not None:
            query = query.where(workers.c.id < before_id)
        return connection.execute(query).mappings().all()
