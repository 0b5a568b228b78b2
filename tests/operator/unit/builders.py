"""Plain values for the tests of pure functions."""

import uuid
from datetime import UTC, datetime
from typing import Any

from vap_common.lifecycle import ScenarioState, WorkerState
from vap_common.messages import WorkerReport
from vap_operator.resources.base import Metadata
from vap_operator.resources.names import FINALIZER
from vap_operator.resources.videoscenario import (
    Placement,
    ScenarioSpec,
    ScenarioStatusBlock,
    Source,
    VideoScenario,
)
from vap_operator.scenario.observed import Observed
from vap_operator.scenario.source import UsableSource

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = 1_700_000_000_000
RUNNER = "default-aaaaa.boot"
WORKER_ID = uuid.UUID(int=7)
HASH = "cafe"
USABLE = UsableSource("rtsp://10.0.0.7/a", None)


def metadata(name: str = "dock-3", **fields: Any) -> Metadata:
    values: dict[str, Any] = {
        "name": name,
        "uid": str(uuid.UUID(int=1)),
        "resource_version": "5",
        "creation_timestamp": NOW,
        "finalizers": (FINALIZER,),
    }
    return Metadata(**(values | fields))


def placement(**fields: Any) -> Placement:
    values: dict[str, Any] = {"runner": RUNNER, "worker_id": WORKER_ID, "epoch": EPOCH}
    return Placement(**(values | fields))


def scenario(
    state: ScenarioState = ScenarioState.INIT_STARTUP,
    *,
    placed: Placement | None = None,
    status: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **meta: Any,
) -> VideoScenario:
    block = {"state": state, "placement": placed, "settings_hash": HASH if placed else None, **(status or {})}
    return VideoScenario(
        metadata=metadata(**meta),
        spec=ScenarioSpec(**({"source": Source(url="rtsp://10.0.0.7/a")} | (spec or {}))),
        status=ScenarioStatusBlock(**block),
    )


def report(state: WorkerState = WorkerState.RUNNING, **fields: Any) -> WorkerReport:
    values: dict[str, Any] = {
        "worker_id": WORKER_ID,
        "scenario_uuid": uuid.UUID(int=1),
        "epoch": EPOCH,
        "state": state,
    }
    return WorkerReport(**(values | fields))


def observed(subject: VideoScenario, **fields: Any) -> Observed:
    values: dict[str, Any] = {
        "scenario": subject,
        "now": NOW,
        "source": USABLE,
        "settings_hash": HASH,
        "runner_listens": True,
    }
    return Observed(**(values | fields))
