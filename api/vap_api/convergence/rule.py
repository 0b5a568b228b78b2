"""Which request brings database and operator together again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from vap_common.lifecycle import ScenarioState
from vap_common.messages import AnalysisSettings, InitCommand, InitScenario


@dataclass(frozen=True, slots=True)
class DueScenario:
    """A scenario to ask for again."""

    scenario_uuid: UUID
    name: str | None
    camera_url: str
    camera_url_encrypted: str | None
    analysis: dict[str, Any]
    status: str
    epoch: int | None
    shutdown_requested_at: datetime | None


def request_for(due: DueScenario, now: datetime) -> InitScenario:
    """`shutdown` where the end was asked for, or where the database knows the end; `sync` otherwise.

    `sync` carries all that is needed to make the custom resource, because its startup may be what was lost.
    """
    ended = ScenarioState(due.status).is_final or due.shutdown_requested_at is not None
    return InitScenario(
        scenario_uuid=due.scenario_uuid,
        camera_url=due.camera_url,
        camera_url_encrypted=None if ended else due.camera_url_encrypted,
        command=InitCommand.SHUTDOWN if ended else InitCommand.SYNC,
        name=None if ended else due.name,
        analysis=AnalysisSettings.model_validate(due.analysis),
        last_epoch=due.epoch,
        requested_at=now,
    )
