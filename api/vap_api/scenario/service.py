"""What the scenario calls do."""

import uuid
from collections.abc import Mapping, Sequence
from uuid import UUID

import structlog
from sqlalchemy import Connection, RowMapping

from vap_api.db.database import Database
from vap_api.http.cursor import decode_cursor, encode_cursor
from vap_api.http.problems import (
    CameraUrlAddressProblem,
    CameraUrlEmptyProblem,
    CameraUrlFileProblem,
    CameraUrlMalformedProblem,
    CameraUrlSchemeProblem,
    CameraUrlTooLongProblem,
    FieldProblem,
    NoSecretKeyProblem,
    Problem,
    ScenarioNotFoundProblem,
)
from vap_api.metrics import HttpMetrics
from vap_api.outbox.writing import OutboxWriter
from vap_api.scenario.repository import NewScenario, ScenarioFilter, ScenarioRepository
from vap_api.scenario.schemas import (
    HistoryPage,
    ScenarioAccepted,
    ScenarioPage,
    ScenarioView,
    StartScenario,
    TransitionView,
    analysis_fields,
)
from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.cipher import CameraUrlCipher
from vap_common.camera.errors import CameraUrlError, CameraUrlProblem
from vap_common.camera.url import parse_camera_url
from vap_common.lifecycle import ScenarioState
from vap_common.messages import InitCommand, InitScenario
from vap_common.times import utc_now

log = structlog.get_logger(__name__)

SCENARIO_CURSOR = "s"
HISTORY_CURSOR = "h"

CAMERA_URL_PROBLEMS: Mapping[CameraUrlProblem, type[Problem]] = {
    CameraUrlProblem.EMPTY: CameraUrlEmptyProblem,
    CameraUrlProblem.TOO_LONG: CameraUrlTooLongProblem,
    CameraUrlProblem.MALFORMED: CameraUrlMalformedProblem,
    CameraUrlProblem.SCHEME_NOT_ALLOWED: CameraUrlSchemeProblem,
    CameraUrlProblem.ADDRESS_REFUSED: CameraUrlAddressProblem,
    CameraUrlProblem.FILE_NOT_ALLOWED: CameraUrlFileProblem,
    CameraUrlProblem.NO_SECRET_KEY: NoSecretKeyProblem,
}


class ScenarioService:
    """Starts, stops and shows scenarios. All state is in the database."""

    def __init__(
        self,
        database: Database,
        repository: ScenarioRepository,
        outbox: OutboxWriter,
        policy: AddressPolicy,
        cipher: CameraUrlCipher,
        metrics: HttpMetrics,
    ) -> None:
        self._database = database
        self._repository = repository
        self._outbox = outbox
        self._policy = policy
        self._cipher = cipher
        self._metrics = metrics

    async def start(self, request: StartScenario, traceparent: str) -> ScenarioAccepted:
        """Accepts a scenario: its row and the request to the operator in one transaction.

        Raises a Problem for a URL that is refused, and DatabaseUnavailableError.
        """
        camera_url, encrypted = self._admit(request.camera_url)
        new = NewScenario(
            scenario_uuid=uuid.uuid4(),
            name=request.name,
            camera_url=camera_url,
            camera_url_encrypted=encrypted,
            analysis=request.analysis(),
            created_at=utc_now(),
        )
        message = InitScenario(
            scenario_uuid=new.scenario_uuid,
            camera_url=new.camera_url,
            camera_url_encrypted=new.camera_url_encrypted,
            command=InitCommand.STARTUP,
            name=new.name,
            analysis=new.analysis,
            requested_at=new.created_at,
        )

        def store(connection: Connection) -> None:
            self._repository.add(connection, new)
            self._outbox.add(connection, message, traceparent)

        await self._database.run(store)
        self._metrics.accepted.inc()
        log.info("scenario.accepted", scenario_uuid=str(new.scenario_uuid), camera_url=new.camera_url)
        return ScenarioAccepted(scenario_uuid=new.scenario_uuid, status=ScenarioState.INIT_STARTUP)

    async def shut_down(self, scenario_uuid: UUID, traceparent: str) -> ScenarioAccepted:
        """Asks for the end, once; any further time only tells the status. Raises ScenarioNotFoundProblem."""

        def request(connection: Connection) -> ScenarioState:
            row = self._repository.lock(connection, scenario_uuid)
            if row is None:
                raise _not_found(scenario_uuid)
            shown = ScenarioState(row["shown_status"])
            if shown.is_final or row["shutdown_requested_at"] is not None:
                return shown
            shown = self._repository.request_shutdown(connection, scenario_uuid)
            message = InitScenario(
                scenario_uuid=scenario_uuid,
                camera_url=row["camera_url"],
                command=InitCommand.SHUTDOWN,
                requested_at=utc_now(),
            )
            self._outbox.add(connection, message, traceparent)
            log.info("scenario.shutdown_requested", scenario_uuid=str(scenario_uuid))
            return shown

        return ScenarioAccepted(scenario_uuid=scenario_uuid, status=await self._database.run(request))

    async def get(self, scenario_uuid: UUID) -> ScenarioView:
        """One scenario. Raises ScenarioNotFoundProblem."""
        row = await self._database.run(lambda connection: self._repository.get(connection, scenario_uuid))
        if row is None:
            raise _not_found(scenario_uuid)
        return _view(row)

    async def page(self, narrowed: ScenarioFilter, cursor: str | None, limit: int) -> ScenarioPage:
        """A page of scenarios, newest first. Raises InvalidCursorProblem."""
        before = decode_cursor(SCENARIO_CURSOR, cursor, 1)[0] if cursor else None
        rows = await self._database.run(
            lambda connection: self._repository.page(connection, narrowed, before, limit + 1)
        )
        more = len(rows) > limit
        return ScenarioPage(
            scenarios=[_view(row) for row in rows[:limit]],
            next_cursor=encode_cursor(SCENARIO_CURSOR, rows[limit - 1]["id"]) if more else None,
        )

    async def history(self, scenario_uuid: UUID, cursor: str | None, limit: int) -> HistoryPage:
        """A page of a scenario's transitions, oldest first. Raises ScenarioNotFoundProblem, InvalidCursorProblem."""
        after: tuple[int, int] | None = None
        if cursor:
            sequence, epoch = decode_cursor(HISTORY_CURSOR, cursor, 2)
            after = (sequence, epoch)

        def read(connection: Connection) -> Sequence[RowMapping]:
            if self._repository.get(connection, scenario_uuid) is None:
                raise _not_found(scenario_uuid)
            return self._repository.history(connection, scenario_uuid, after, limit + 1)

        rows = await self._database.run(read)
        last = rows[limit - 1] if len(rows) > limit else None
        return HistoryPage(
            scenario_uuid=scenario_uuid,
            transitions=[
                TransitionView.model_validate({**row, "status": row["state"], "epoch": row["epoch"] or None})
                for row in rows[:limit]
            ],
            next_cursor=encode_cursor(HISTORY_CURSOR, last["sequence"], last["epoch"]) if last else None,
        )

    def _admit(self, text: str) -> tuple[str, str | None]:
        """The public URL and, where it came with credentials, the encrypted one. Raises a Problem."""
        try:
            url = parse_camera_url(text)
            self._policy.check_url(url)
            return url.public, self._cipher.encrypt(url.reveal()) if url.has_credentials else None
        except CameraUrlError as error:
            kind = CAMERA_URL_PROBLEMS[error.problem]
            field = FieldProblem(location="body", field="camera_url", detail=str(error), code=error.problem.value)
            raise kind(str(error), [field]) from None


def _not_found(scenario_uuid: UUID) -> ScenarioNotFoundProblem:
    return ScenarioNotFoundProblem(
        f"No scenario has the uuid {scenario_uuid}; GET /api/v1/scenarios lists those that there are."
    )


def _view(row: RowMapping) -> ScenarioView:
    return ScenarioView.model_validate({**row, "status": row["shown_status"], **analysis_fields(row["analysis"])})
