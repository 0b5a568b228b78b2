"""What the worker call does."""

from vap_api.db.database import Database
from vap_api.http.cursor import decode_cursor, encode_cursor
from vap_api.worker.repository import WorkerFilter, WorkerRepository
from vap_api.worker.schemas import WorkerPage, WorkerView

WORKER_CURSOR = "w"


class WorkerService:
    """Lists workers."""

    def __init__(self, database: Database, repository: WorkerRepository) -> None:
        self._database = database
        self._repository = repository

    async def page(self, narrowed: WorkerFilter, cursor: str | None, limit: int) -> WorkerPage:
        """A page of workers, newest first. Raises InvalidCursorProblem."""
        before = decode_cursor(WORKER_CURSOR, cursor, 1)[0] if cursor else None
        rows = await self._database.run(
            lambda connection: self._repository.page(connection, narrowed, before, limit + 1)
        )
        more = len(rows) > limit
        return WorkerPage(
            workers=[WorkerView.model_validate(dict(row)) for row in rows[:limit]],
            next_cursor=encode_cursor(WORKER_CURSOR, rows[limit - 1]["id"]) if more else None,
        )
