"""What the prediction call does."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from vap_api.db.database import Database
from vap_api.http.cursor import decode_cursor, encode_cursor
from vap_api.http.problems import FieldProblem, InvalidCursorProblem, InvalidRequestProblem, ScenarioNotFoundProblem
from vap_api.prediction.repository import BEGINNING, Position, PredictionRepository, position_of
from vap_api.prediction.schemas import DetectionView, FrameView, Prediction
from vap_api.scenario.repository import ScenarioRepository
from vap_common.lifecycle import ScenarioState

PREDICTION_CURSOR = "p"
FIRST = "first"
"""The one cursor that people may write themselves: before the oldest kept result."""


class PredictionService:
    """Reads results in order, from the end, from a frame, or from a cursor."""

    def __init__(self, database: Database, scenarios: ScenarioRepository, results: PredictionRepository) -> None:
        self._database = database
        self._scenarios = scenarios
        self._results = results

    async def read(self, scenario_uuid: UUID, *, limit: int, cursor: str | None, since_frame: int | None) -> Prediction:
        """A page of results. Raises ScenarioNotFoundProblem, InvalidCursorProblem, InvalidRequestProblem."""
        if cursor is not None and since_frame is not None:
            detail = "give cursor or since_frame, not both"
            raise InvalidRequestProblem(
                detail, [FieldProblem(location="query", field="since_frame", detail=detail, code="conflict")]
            )
        start = None if cursor is None else _decode(cursor)

        def query(connection: Connection) -> tuple[RowMapping, Sequence[RowMapping], Position]:
            scenario = self._scenarios.get(connection, scenario_uuid)
            if scenario is None:
                raise ScenarioNotFoundProblem(
                    f"No scenario has the uuid {scenario_uuid}; GET /api/v1/scenarios lists those that there are."
                )
            position = start
            if since_frame is not None:
                epoch = self._results.newest_epoch(connection, scenario_uuid) or 0
                position = Position(epoch, since_frame, 0)
            rows = (
                self._results.newest(connection, scenario_uuid, limit)
                if position is None
                else self._results.after(connection, scenario_uuid, position, limit)
            )
            return scenario, rows, position_of(rows[-1]) if rows else position or BEGINNING

        scenario, rows, end = await self._database.run(query)
        reason, message = shown_reason(scenario)
        return Prediction(
            scenario_uuid=scenario_uuid,
            status=ScenarioState(scenario["shown_status"]),
            results=[_frame(row) for row in rows],
            next_cursor=encode_cursor(PREDICTION_CURSOR, end.epoch, end.frame_number, end.timestamp_us),
            frames_processed=scenario["frames_processed"],
            reason=reason,
            message=message,
        )


def shown_reason(scenario: RowMapping) -> tuple[str, str]:
    """Why results come or don't: trouble with the stream says more than the state's own reason."""
    alive = scenario["status"] in (ScenarioState.IN_STARTUP_PROCESSING, ScenarioState.ACTIVE)
    if alive and not scenario["ready"] and scenario["ready_reason"]:
        return scenario["ready_reason"], scenario["message"]
    return scenario["reason"], scenario["message"]


def _decode(cursor: str) -> Position:
    if cursor == FIRST:
        return BEGINNING
    epoch, frame_number, timestamp_us = decode_cursor(PREDICTION_CURSOR, cursor, 3)
    position = Position(epoch, frame_number, timestamp_us)
    try:
        _ = position.timestamp
    except OverflowError:
        raise InvalidCursorProblem("Use next_cursor from an answer of this same call, unchanged.") from None
    return position


def _frame(row: RowMapping) -> FrameView:
    # Everything here was checked when it was stored; building without validation halves the time of a page.
    detections = [
        DetectionView.model_construct(
            class_name=found["class"], confidence=found["confidence"], bbox=tuple(found["bbox"])
        )
        for found in row["detections"]
    ]
    return FrameView.model_construct(**{**row, "detections": detections})
