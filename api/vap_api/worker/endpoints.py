"""The worker call."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from vap_api.http.parameters import Cursor, Limit
from vap_api.http.problems import (
    InternalProblem,
    InvalidCursorProblem,
    InvalidRequestProblem,
    UnavailableProblem,
    problem_responses,
)
from vap_api.worker.repository import WorkerFilter
from vap_api.worker.schemas import WorkerPage
from vap_api.worker.service import WorkerService
from vap_common.lifecycle import WorkerState


def build_worker_router(service: WorkerService) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/api/v1", tags=["workers"])

    @router.get(
        "/workers",
        summary="List workers",
        responses=problem_responses(InvalidRequestProblem, InvalidCursorProblem, InternalProblem, UnavailableProblem),
    )
    async def list_workers(
        status: Annotated[list[WorkerState] | None, Query(description="May be repeated: any of them.")] = None,
        scenario_uuid: Annotated[UUID | None, Query(description="Workers of this scenario.")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> WorkerPage:
        """Workers, newest first, with those of earlier epochs."""
        return await service.page(WorkerFilter(status or (), scenario_uuid), cursor, limit)

    return router
