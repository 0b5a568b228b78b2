"""The web application of `serve`, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from vap_api.db.database import Database
from vap_api.health.endpoints import build_health_router
from vap_api.health.readiness import Readiness
from vap_api.http.docs_page import install_docs
from vap_api.http.errors import install_problem_handlers
from vap_api.http.limits import BodyLimit
from vap_api.http.observation import Observation
from vap_api.http.openapi import install_openapi
from vap_api.metrics import HttpMetrics
from vap_api.outbox.writing import OutboxWriter
from vap_api.prediction.endpoints import build_prediction_router
from vap_api.prediction.repository import PredictionRepository
from vap_api.prediction.service import PredictionService
from vap_api.scenario.endpoints import build_scenario_router
from vap_api.scenario.repository import ScenarioRepository
from vap_api.scenario.service import ScenarioService
from vap_api.settings import Settings
from vap_api.worker.endpoints import build_worker_router
from vap_api.worker.repository import WorkerRepository
from vap_api.worker.service import WorkerService
from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.cipher import CameraUrlCipher

DESCRIPTION = """
Give a camera URL; the platform runs object detection on its stream and stores what it saw.

Errors are problem documents (RFC 9457): decide by their `type`, read their `detail`.
Times are RFC 3339, UTC, with milliseconds.
"""


@dataclass(frozen=True, slots=True)
class WebApplication:
    """The ASGI application, and the switch that takes it out of service."""

    app: FastAPI
    readiness: Readiness


def build_app(settings: Settings, registry: CollectorRegistry) -> WebApplication:
    """The composition root of serve. Connects to nothing yet.

    Raises ValueError when VAP_SECRET_KEY or a camera network setting is malformed.
    """
    database = Database(settings, "vap-api serve")
    metrics = HttpMetrics(registry)
    readiness = Readiness(database)
    scenarios = ScenarioRepository()
    scenario_service = ScenarioService(
        database,
        scenarios,
        OutboxWriter(notify=settings.outbox_notify),
        AddressPolicy.from_settings(settings),
        CameraUrlCipher(settings.vap_secret_key),
        metrics,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = FastAPI(
        title="VAP",
        version=version("vap"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, max_bytes=settings.api_max_body_bytes)
    app.add_middleware(Observation, metrics=metrics)
    install_problem_handlers(app, metrics)
    install_openapi(app)
    app.include_router(build_scenario_router(scenario_service))
    app.include_router(build_prediction_router(PredictionService(database, scenarios, PredictionRepository())))
    app.include_router(build_worker_router(WorkerService(database, WorkerRepository())))
    app.include_router(build_health_router(readiness, registry))
    install_docs(app)
    return WebApplication(app, readiness)
