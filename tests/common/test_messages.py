"""Messages: the fixed fields by name, what is ignored and what is refused."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vap_common.kafka.topics import TOPICS
from vap_common.lifecycle import WorkerState
from vap_common.messages import (
    DeployAction,
    Detection,
    FrameResult,
    InitScenario,
    MessageDecodeError,
    ScenarioStatus,
    ToDeploy,
    WorkerReport,
    WorkerStatus,
)
from vap_common.times import utc_now

SCENARIO = uuid.uuid4()

FIXED_FIELDS = {
    "init_scenario": {"scenario_uuid", "camera_url"},
    "to_deploy": {"scenario_uuid", "camera_url", "worker_id"},
    "worker_status": {"runner", "slots", "workers"},
    "scenario_status": {"scenario_uuid", "camera_url", "status", "reason", "epoch", "sequence", "transitions"},
    "results": {"scenario_uuid", "frame_number", "detections", "timestamp"},
}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_fields_that_others_rely_on_keep_their_names(topic: object) -> None:
    names = set(topic.message.model_fields)  # type: ignore[attr-defined]
    assert FIXED_FIELDS[topic.name] <= names  # type: ignore[attr-defined]


def test_a_result_looks_as_published() -> None:
    result = FrameResult(
        scenario_uuid=SCENARIO,
        frame_number=7,
        detections=(Detection(class_name="person", confidence=0.5, bbox=(1, 2, 3, 4)),),
        timestamp="2026-03-01T12:00:00.2509Z",
        epoch=1,
        worker_id=uuid.uuid4(),
        width=768,
        height=576,
        detector="nanodet",
        inference_ms=48.0,
        published_at=utc_now(),
    )
    wire = json.loads(result.encode())
    assert wire["detections"] == [{"class": "person", "confidence": 0.5, "bbox": [1, 2, 3, 4]}]
    assert wire["timestamp"] == "2026-03-01T12:00:00.250Z"
    assert FrameResult.decode(result.encode()) == result


def test_unknown_fields_are_ignored() -> None:
    wire = {
        "scenario_uuid": str(SCENARIO),
        "camera_url": "rtsp://h/a",
        "requested_at": "2026-03-01T12:00:00Z",
        "new": 1,
    }
    assert InitScenario.decode(json.dumps(wire).encode()).scenario_uuid == SCENARIO


@pytest.mark.parametrize(
    "value",
    [None, b"", b"null", b"[]", b"{", b"\xff\xfe", b'{"scenario_uuid": "x", "camera_url": 1}', b"[" * 100_000],
)
def test_what_is_no_message_is_refused_with_one_type_of_error(value: bytes | None) -> None:
    for topic in TOPICS:
        with pytest.raises(MessageDecodeError):
            topic.message.decode(value)


def test_an_error_names_the_field_and_never_the_value() -> None:
    wire = {
        "scenario_uuid": "rtsp://user:hunter2@h/",
        "camera_url": "rtsp://h/",
        "requested_at": "2026-03-01T12:00:00Z",
    }
    with pytest.raises(MessageDecodeError, match="scenario_uuid") as refusal:
        InitScenario.decode(json.dumps(wire).encode())
    assert "hunter2" not in str(refusal.value)


def test_a_time_without_a_zone_is_refused() -> None:
    wire = {"scenario_uuid": str(SCENARIO), "camera_url": "rtsp://h/", "requested_at": "2026-03-01T12:00:00"}
    with pytest.raises(MessageDecodeError, match="zone"):
        InitScenario.decode(json.dumps(wire).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(value: bytes) -> None:
    for topic in TOPICS:
        try:
            topic.message.decode(value)
        except MessageDecodeError:
            continue


def test_orders_are_totally_ordered_by_epoch_then_stop_after_start() -> None:
    def order(epoch: int, action: DeployAction) -> ToDeploy:
        return ToDeploy(
            scenario_uuid=SCENARIO,
            camera_url="rtsp://h/a",
            worker_id=uuid.uuid4(),
            action=action,
            runner="r.1",
            epoch=epoch,
            issued_at=utc_now(),
        )

    orders = [
        order(2, DeployAction.STOP),
        order(1, DeployAction.STOP),
        order(2, DeployAction.START),
        order(1, DeployAction.START),
    ]
    assert [(o.epoch, o.action.value) for o in sorted(orders, key=lambda o: o.order)] == [
        (1, "start"), (1, "stop"), (2, "start"), (2, "stop"),
    ]  # fmt: skip


def test_a_heartbeat_and_a_status_survive_the_wire() -> None:
    report = WorkerReport(worker_id=uuid.uuid4(), scenario_uuid=SCENARIO, epoch=3, state=WorkerState.RUNNING, frames=4)
    heartbeat = WorkerStatus(runner="r.1", pod="r", sequence=1, slots=4, workers=(report,), sent_at=utc_now())
    assert WorkerStatus.decode(heartbeat.encode()) == heartbeat
    status = ScenarioStatus(
        scenario_uuid=SCENARIO,
        camera_url="rtsp://h/a",
        status="active",
        reason="FramesFlowing",
        sequence=3,
        published_at=utc_now(),
    )
    assert ScenarioStatus.decode(status.encode()) == status
    assert status.order == (0, 3)
