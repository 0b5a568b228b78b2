"""Messages as the operator and the workers send them."""

import uuid
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from vap_common.lifecycle import ScenarioState
from vap_common.messages import Detection, FrameResult, InitCommand, InitScenario, ScenarioStatus
from vap_common.times import utc_now

EPOCH = 1_700_000_000_000
WORKER = UUID("6f1c3f0e-6ce4-4a5c-9a3e-000000000001")


def frame(scenario: UUID, number: int, epoch: int = EPOCH, **changes: Any) -> FrameResult:
    values: dict[str, Any] = {
        "scenario_uuid": scenario,
        "frame_number": number,
        "detections": (Detection(class_name="person", confidence=0.87, bbox=(1, 2, 30, 40)),),
        "timestamp": utc_now(),
        "epoch": epoch,
        "worker_id": WORKER,
        "width": 640,
        "height": 480,
        "detector": "mock",
        "inference_ms": 1.5,
        "published_at": utc_now(),
    }
    return FrameResult.model_validate(values | changes)


def status(scenario: UUID, state: ScenarioState, sequence: int, **changes: Any) -> ScenarioStatus:
    values: dict[str, Any] = {
        "scenario_uuid": scenario,
        "camera_url": "rtsp://10.0.0.7/a",
        "status": state,
        "reason": "FramesFlowing",
        "sequence": sequence,
        "published_at": utc_now() + timedelta(milliseconds=sequence),
    }
    return ScenarioStatus.model_validate(values | changes)


def request(scenario: UUID | None = None, command: InitCommand = InitCommand.STARTUP) -> InitScenario:
    return InitScenario(
        scenario_uuid=scenario or uuid.uuid4(),
        camera_url="rtsp://10.0.0.7/a",
        command=command,
        requested_at=utc_now(),
    )


def at(seconds: float) -> datetime:
    """A moment relative to now."""
    return utc_now() + timedelta(seconds=seconds)
