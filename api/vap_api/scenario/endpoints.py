"""The scenario calls."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from vap_api.http.parameters import Cursor, Limit, Moment, ScenarioUuid
from vap_api.http.problems import (
    BodyTooLargeProblem,
    InternalProblem,
    InvalidCursorProblem,
    InvalidRequestProblem,
    MalformedJsonProblem,
    ScenarioNotFoundProblem,
    UnavailableProblem,
    UnsupportedMediaTypeProblem,
    problem_responses,
)
from vap_api.scenario.repository import ScenarioFilter
from vap_api.scenario.schemas import HistoryPage, ScenarioAccepted, ScenarioPage, ScenarioView, StartScenario
from vap_api.scenario.service import CAMERA_URL_PROBLEMS, ScenarioService
from vap_common.lifecycle import ScenarioState

ALWAYS = (InternalProblem, UnavailableProblem)


def require_json(request: Request) -> None:
    """Refuses a body that is not declared as JSON: it would be read as one opaque text."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json" and not (declared.startswith("application/") and declared.endswith("+json")):
        raise UnsupportedMediaTypeProblem("Send the body with the header Content-Type: application/json.")


def build_scenario_router(service: ScenarioService) -> APIRouter:
    """The routes; each is one line of the service."""
    router = APIRouter(prefix="/api/v1", tags=["scenarios"])

    @router.post(
        "/scenario/init",
        dependencies=[Depends(require_json)],
        summary="Start a scenario",
        responses={
            200: {
                "headers": {
                    "Location": {"description": "Where the scenario can be seen.", "schema": {"type": "string"}}
                }
            },
            **problem_responses(
                InvalidRequestProblem,
                *CAMERA_URL_PROBLEMS.values(),
                MalformedJsonProblem,
                UnsupportedMediaTypeProblem,
                BodyTooLargeProblem,
                *ALWAYS,
            ),
        },
    )
    async def start_scenario(body: StartScenario, request: Request, response: Response) -> ScenarioAccepted:
        """Accepts a camera for analysis. Follow it by `GET /api/v1/scenarios/{scenario_uuid}`; what it sees is at
        `GET /api/v1/prediction/{scenario_uuid}`."""
        accepted = await service.start(body, request.state.traceparent)
        response.headers["Location"] = f"/api/v1/scenarios/{accepted.scenario_uuid}"
        return accepted

    @router.post(
        "/scenario/{scenario_uuid}/shutdown",
        summary="Shut a scenario down",
        responses=problem_responses(ScenarioNotFoundProblem, InvalidRequestProblem, BodyTooLargeProblem, *ALWAYS),
    )
    async def shut_scenario_down(scenario_uuid: ScenarioUuid, request: Request) -> ScenarioAccepted:
        """Asks for the end of a scenario. May be repeated, in every state. Takes no body."""
        return await service.shut_down(scenario_uuid, request.state.traceparent)

    @router.get(
        "/scenarios",
        summary="List scenarios",
        responses=problem_responses(InvalidRequestProblem, InvalidCursorProblem, *ALWAYS),
    )
    async def list_scenarios(
        status: Annotated[list[ScenarioState] | None, Query(description="May be repeated: any of them.")] = None,
        name: Annotated[str | None, Query(max_length=128, pattern=r"^[^\x00]*$", description="Exactly this.")] = None,
        created_after: Annotated[Moment | None, Query(description="RFC 3339 with a zone; from this moment on.")] = None,
        created_before: Annotated[Moment | None, Query(description="RFC 3339 with a zone; before this moment.")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> ScenarioPage:
        """Scenarios, newest first. A page costs the same however deep it lies."""
        narrowed = ScenarioFilter(status or (), name, created_after, created_before)
        return await service.page(narrowed, cursor, limit)

    @router.get(
        "/scenarios/{scenario_uuid}",
        summary="Show a scenario",
        responses=problem_responses(ScenarioNotFoundProblem, InvalidRequestProblem, *ALWAYS),
    )
    async def show_scenario(scenario_uuid: ScenarioUuid) -> ScenarioView:
        """One scenario: state, reason, worker, progress."""
        return await service.get(scenario_uuid)

    @router.get(
        "/scenarios/{scenario_uuid}/history",
        summary="Show a scenario's history",
        responses=problem_responses(ScenarioNotFoundProblem, InvalidRequestProblem, InvalidCursorProblem, *ALWAYS),
    )
    async def show_history(scenario_uuid: ScenarioUuid, limit: Limit = 100, cursor: Cursor = None) -> HistoryPage:
        """Every state that the scenario was in, with time, reason and worker; oldest first."""
        return await service.history(scenario_uuid, cursor, limit)

    return router
