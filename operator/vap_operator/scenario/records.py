"""What is published of a scenario: the order for its runner and its status, both derived from its custom resource."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pydantic import ValidationError

from vap_common.lifecycle import ScenarioState
from vap_common.messages import (
    AnalysisSettings,
    DeployAction,
    ScenarioStatus,
    ToDeploy,
    Transition,
    WorkerReport,
)
from vap_operator.resources.videoscenario import ScenarioStatusBlock, TransitionEntry, VideoScenario
from vap_operator.scenario.identity import display_name, scenario_uuid
from vap_operator.scenario.readiness import readiness
from vap_operator.scenario.source import SourceFact, UnusableSource, UsableSource
from vap_operator.scenario.telemetry import as_message, current_telemetry
from vap_operator.scenario.transitions import with_beginning


class OrderKind(Enum):
    """The three things that `to_deploy` can say of a scenario."""

    START = "start"
    STOP = "stop"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True)
class Order:
    """Which record `to_deploy` should hold: equal orders need not be sent twice."""

    kind: OrderKind
    epoch: int


StatusIdentity = tuple[int, int, bool, str, str, str | None]
"""Epoch, sequence, ready, ready_reason, reason and message: equal ones need not be published twice."""

_ORDER_OF_STATE = {
    # With a placement: the worker was lost, and no other slot is free. The old epoch must not go on.
    ScenarioState.INIT_STARTUP: OrderKind.STOP,
    ScenarioState.IN_STARTUP_PROCESSING: OrderKind.START,
    ScenarioState.ACTIVE: OrderKind.START,
    ScenarioState.INIT_SHUTDOWN: OrderKind.STOP,
    ScenarioState.IN_SHUTDOWN_PROCESSING: OrderKind.STOP,
    ScenarioState.INACTIVE: OrderKind.TOMBSTONE,
}


def wanted_order(status: ScenarioStatusBlock) -> Order | None:
    """The order that follows from a persisted status; None where no worker was ever assigned."""
    if status.placement is None:
        return None
    return Order(_ORDER_OF_STATE[status.state], status.placement.epoch)


def build_order(scenario: VideoScenario, order: Order, source: SourceFact, now: datetime) -> ToDeploy | None:
    """The record for `order`: None is a tombstone. Raises LookupError for a start whose source is not known (now)."""
    placement = scenario.status.placement
    if order.kind is OrderKind.TOMBSTONE or placement is None:
        return None
    start = order.kind is OrderKind.START
    if start and not isinstance(source, UsableSource):
        raise LookupError("the source of a running scenario is not known at the moment")
    encrypted = source.encrypted if start and isinstance(source, UsableSource) else None
    return ToDeploy(
        scenario_uuid=scenario_uuid(scenario.metadata),
        camera_url=public_url(scenario, source),
        camera_url_encrypted=encrypted,
        worker_id=placement.worker_id,
        action=DeployAction.START if start else DeployAction.STOP,
        runner=placement.runner,
        epoch=placement.epoch,
        analysis=analysis_or_default(scenario),
        issued_at=now,
    )


def status_identity(status: ScenarioStatusBlock, worker: WorkerReport | None) -> StatusIdentity:
    """What of a status is news to REST."""
    ready = readiness(status, worker, moved=False)
    epoch = status.placement.epoch if status.placement is not None else 0
    return epoch, status.sequence, ready.ready, ready.reason, status.reason, status.message


def build_status(
    scenario: VideoScenario, source: SourceFact, worker: WorkerReport | None, now: datetime
) -> ScenarioStatus:
    """What REST shall know, telemetry as fresh as the last heartbeat."""
    status = with_beginning(scenario.status, scenario.metadata)
    placement = status.placement
    ready = readiness(status, worker, moved=False)
    return ScenarioStatus(
        scenario_uuid=scenario_uuid(scenario.metadata),
        camera_url=public_url(scenario, source),
        name=display_name(scenario.metadata),
        status=status.state,
        reason=status.reason,
        message=status.message or "",
        ready=ready.ready,
        ready_reason=ready.reason,
        worker_id=placement.worker_id if placement else None,
        runner=placement.runner if placement else None,
        process_pid=(worker.process_pid if worker else None) or (placement.process_pid if placement else None),
        epoch=placement.epoch if placement else None,
        restarts=placement.restarts if placement else 0,
        sequence=status.sequence,
        transitions=tuple(_transition(entry) for entry in status.transitions),
        telemetry=as_message(current_telemetry(status.telemetry, worker)),
        analysis=analysis_or_default(scenario),
        published_at=now,
    )


def public_url(scenario: VideoScenario, source: SourceFact) -> str:
    """The masked URL; empty while it is in a Secret that nobody has made."""
    if isinstance(source, UsableSource | UnusableSource) and source.public:
        return source.public
    return scenario.status.source or ""


def analysis_or_default(scenario: VideoScenario) -> AnalysisSettings:
    """The settings of the spec; the defaults for a spec that cannot be used (its scenario ends as Failed)."""
    try:
        return scenario.spec.analysis()
    except ValidationError:
        return AnalysisSettings()


def _transition(entry: TransitionEntry) -> Transition:
    return Transition(
        sequence=entry.sequence,
        state=entry.state,
        reason=entry.reason,
        message=entry.message or "",
        at=entry.at,
        epoch=entry.epoch,
        worker_id=entry.worker_id,
        runner=entry.runner,
    )
