"""/livez, /readyz, /metrics of serve."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from vap_api.health.readiness import Readiness


def build_health_router(readiness: Readiness, registry: CollectorRegistry) -> APIRouter:
    """The routes; plain text, for probes and people alike."""
    router = APIRouter(tags=["health"])

    @router.get("/livez", summary="Is the process alive", response_class=PlainTextResponse)
    async def livez() -> str:
        """Answers whenever the process can answer at all; a database that is away is no reason to restart it."""
        return "ok\n"

    @router.get(
        "/readyz",
        summary="Should it be sent requests",
        response_class=PlainTextResponse,
        responses={503: {"description": "Not ready; the text says why.", "content": {"text/plain": {}}}},
    )
    async def readyz() -> PlainTextResponse:
        """Checks the database and its schema."""
        problem = await readiness.problem()
        return PlainTextResponse(f"{problem or 'ok'}\n", status_code=503 if problem else 200)

    @router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """In the text format of Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
