"""Queries on scenarios and their history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, func, insert, select, tuple_, update

from vap_api.db.tables import scenario_transitions, scenarios
from vap_common.lifecycle import ScenarioState, StateReason
from vap_common.messages import AnalysisSettings

FIRST_MESSAGE = "Accepted; the operator has not answered yet."


@dataclass(frozen=True, slots=True)
class NewScenario:
    """What is stored of a request to start."""

    scenario_uuid: UUID
    name: str | None
    camera_url: str
    camera_url_encrypted: str | None
    analysis: AnalysisSettings
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ScenarioFilter:
    """What a list is narrowed to; None and empty narrow nothing."""

    statuses: Sequence[ScenarioState] = ()
    name: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class ScenarioRepository:
    """Each method is a step of the caller's transaction."""

    def add(self, connection: Connection, new: NewScenario) -> None:
        """Stores a scenario in its first state, with that state's transition."""
        connection.execute(
            insert(scenarios).values(
                scenario_uuid=new.scenario_uuid,
                name=new.name,
                camera_url=new.camera_url,
                camera_url_encrypted=new.camera_url_encrypted,
                analysis=new.analysis.model_dump(mode="json"),
                status=ScenarioState.INIT_STARTUP.value,
                reason=StateReason.QUEUED.value,
                message=FIRST_MESSAGE,
                created_at=new.created_at,
                updated_at=new.created_at,
            )
        )
        connection.execute(
            insert(scenario_transitions).values(
                scenario_uuid=new.scenario_uuid,
                sequence=0,
                state=ScenarioState.INIT_STARTUP.value,
                reason=StateReason.QUEUED.value,
                message=FIRST_MESSAGE,
                at=new.created_at,
            )
        )

    def get(self, connection: Connection, scenario_uuid: UUID) -> RowMapping | None:
        """The row, or None."""
        return (
            connection.execute(select(scenarios).where(scenarios.c.scenario_uuid == scenario_uuid))
            .mappings()
            .one_or_none()
        )

    def lock(self, connection: Connection, scenario_uuid: UUID) -> RowMapping | None:
        """The row, or None; locked until the transaction ends."""
        return (
            connection.execute(select(scenarios).where(scenarios.c.scenario_uuid == scenario_uuid).with_for_update())
            .mappings()
            .one_or_none()
        )

    def request_shutdown(self, connection: Connection, scenario_uuid: UUID) -> ScenarioState:
        """Notes that the end was asked for; returns the status shown from now on."""
        shown = connection.execute(
            update(scenarios)
            .where(scenarios.c.scenario_uuid == scenario_uuid)
            .values(shutdown_requested_at=func.now())
            .returning(scenarios.c.shown_status)
        ).scalar_one()
        return ScenarioState(shown)

    def page(
        self, connection: Connection, narrowed: ScenarioFilter, before_id: int | None, limit: int
    ) -> Sequence[RowMapping]:
        """Up to `limit` rows with an id below `before_id`, newest first."""
        query = select(scenarios).order_by(scenarios.c.id.desc()).limit(limit)
        if narrowed.statuses:
            query = query.where(scenarios.c.shown_status.in_([status.value for status in narrowed.statuses]))
        if narrowed.name is not None:
            query = query.where(scenarios.c.name == narrowed.name)
        if narrowed.created_after is not None:
            query = query.where(scenarios.c.created_at >= narrowed.created_after)
        if narrowed.created_before is not None:
            query = query.where(scenarios.c.created_at < narrowed.created_before)
        if before_id is not None:
            query = query.where(scenarios.c.id < before_id)
        return connection.execute(query).mappings().all()

    def history(
        self, connection: Connection, scenario_uuid: UUID, after: tuple[int, int] | None, limit: int
    ) -> Sequence[RowMapping]:
        """Up to `limit` transitions after (sequence, epoch), oldest first.

        `sequence` never resets while a scenario lives; the epoch only breaks ties with one made anew.
        """
        steps = scenario_transitions.c
        query = (
            select(scenario_transitions)
            .where(steps.scenario_uuid == scenario_uuid)
            .order_by(steps.sequence, steps.epoch)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(steps.sequence, steps.epoch) > after)
        return connection.execute(query).mappings().all()
