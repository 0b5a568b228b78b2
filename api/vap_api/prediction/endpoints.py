"""The prediction call."""

from typing import Annotated

from fastapi import APIRouter, Query

from vap_api.http.cursor import BIGINT_MAX
from vap_api.http.parameters import Cursor, Limit, ScenarioUuid
from vap_api.http.problems import (
    InternalProblem,
    InvalidCursorProblem,
    InvalidRequestProblem,
    ScenarioNotFoundProblem,
    UnavailableProblem,
    problem_responses,
)
from vap_api.prediction.schemas import Prediction
from vap_api.prediction.service import PredictionService

SinceFrame = Annotated[
    int | None,
    Query(
        ge=0,
        le=BIGINT_MAX,
        description="Frames of the newest epoch from this number on, oldest first. Numbers begin again with each "
        "epoch: follow a scenario by cursor instead.",
    ),
]


def build_prediction_router(service: PredictionService) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/api/v1", tags=["predictions"])

    @router.get(
        "/prediction/{scenario_uuid}",
        summary="Read detections",
        responses=problem_responses(
            ScenarioNotFoundProblem, InvalidRequestProblem, InvalidCursorProblem, InternalProblem, UnavailableProblem
        ),
    )
    async def read_prediction(
        scenario_uuid: ScenarioUuid, limit: Limit = 100, cursor: Cursor = None, since_frame: SinceFrame = None
    ) -> Prediction:
        """The newest frames, ascending. Give `next_cursor` as `cursor` to get what came after them; `cursor=first`
        begins with the oldest that is kept."""
        return await service.read(scenario_uuid, limit=limit, cursor=cursor, since_frame=since_frame)

    return router
