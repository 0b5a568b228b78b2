"""The scenario calls: to the letter, atomic, idempotent."""

import re
import uuid

import httpx
import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812

from vap_api.outbox.writing import OutboxWriter
from vap_common.lifecycle import ScenarioState
from vap_common.messages import InitCommand, InitScenario

CAMERA = {"camera_url": "rtsp://10.0.0.7/a"}


def outbox(database: Connection) -> list[InitScenario]:
    with database.cursor() as cursor:
        cursor.execute("SELECT payload::text FROM outbox_scenario ORDER BY id")
        return [InitScenario.decode(payload.encode()) for (payload,) in cursor.fetchall()]


def start(client: httpx.Client, **fields: object) -> str:
    answer = client.post("/api/v1/scenario/init", json=CAMERA | fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["scenario_uuid"])


def test_init_answers_as_published_and_writes_scenario_and_outbox(client: httpx.Client, database: Connection) -> None:
    answer = client.post("/api/v1/scenario/init", json=CAMERA)
    assert answer.status_code == 200
    scenario = answer.json()["scenario_uuid"]
    assert answer.json() == {"scenario_uuid": scenario, "status": "init_startup"}
    assert answer.headers["location"] == f"/api/v1/scenarios/{scenario}"
    assert client.get(answer.headers["location"]).json()["status"] == "init_startup"
    (message,) = outbox(database)
    assert str(message.scenario_uuid) == scenario
    assert message.command is InitCommand.STARTUP
    assert message.camera_url == "rtsp://10.0.0.7/a"


def test_settings_are_converted_to_the_platforms_whole_numbers(client: httpx.Client, database: Connection) -> None:
    scenario = start(
        client,
        name="Dock 3",
        detector="motion",
        target_fps=7.5,
        confidence=0.346,
        classes=["person", "forklift"],
        on_stream_end="Restart",
        emit="OnChange",
    )
    (message,) = outbox(database)
    assert message.name == "Dock 3"
    assert message.analysis.model_dump() == {
        "detector": "motion",
        "min_confidence_percent": 35,
        "classes": ("person", "forklift"),
        "frame_interval_ms": 133,
        "emit": "OnChange",
        "on_stream_end": "Restart",
    }
    shown = client.get(f"/api/v1/scenarios/{scenario}").json()
    assert (shown["detector"], shown["confidence"], shown["classes"]) == ("motion", 0.35, ["person", "forklift"])


def test_neither_row_exists_when_the_other_cannot_be_written(
    client: httpx.Client, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise psycopg2.OperationalError("the connection broke here")

    monkeypatch.setattr(OutboxWriter, "add", refuse)
    assert client.post("/api/v1/scenario/init", json=CAMERA).status_code >= 500
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM scenarios) + (SELECT count(*) FROM scenario_transitions)"
            " + (SELECT count(*) FROM outbox_scenario)"
        )
        assert cursor.fetchone() == (0,)


def test_shutdown_shows_at_once_and_is_asked_for_once(client: httpx.Client, database: Connection) -> None:
    scenario = start(client)
    answers = [client.post(f"/api/v1/scenario/{scenario}/shutdown") for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"scenario_uuid": scenario, "status": "init_shutdown"})
    ] * 3
    assert [message.command for message in outbox(database)] == [InitCommand.STARTUP, InitCommand.SHUTDOWN]
    assert client.get(f"/api/v1/scenarios/{scenario}").json()["status"] == "init_shutdown"
    assert client.get(f"/api/v1/prediction/{scenario}").json()["status"] == "init_shutdown"


@pytest.mark.parametrize("state", list(ScenarioState))
def test_shutdown_is_answered_from_every_state(
    client: httpx.Client, database: Connection, state: ScenarioState
) -> None:
    scenario = start(client)
    with database.cursor() as cursor:
        cursor.execute("UPDATE scenarios SET status = %s WHERE scenario_uuid = %s", (state.value, scenario))
    answer = client.post(f"/api/v1/scenario/{scenario}/shutdown")
    assert answer.status_code == 200
    assert answer.json()["status"] == (state.value if state.is_ending else "init_shutdown")
    assert len(outbox(database)) == (1 if state.is_final else 2)


def test_an_unknown_scenario_is_a_typed_404(client: httpx.Client) -> None:
    unknown = uuid.uuid4()
    for method, path in (
        ("POST", f"/api/v1/scenario/{unknown}/shutdown"),
        ("GET", f"/api/v1/prediction/{unknown}"),
        ("GET", f"/api/v1/scenarios/{unknown}"),
        ("GET", f"/api/v1/scenarios/{unknown}/history"),
    ):
        answer = client.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:vap:problem:scenario-not-found"


def test_the_requests_trace_goes_into_the_outbox_row(client: httpx.Client, database: Connection) -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client.post("/api/v1/scenario/init", json=CAMERA, headers={"traceparent": given})
    client.post("/api/v1/scenario/init", json=CAMERA, headers={"traceparent": "00-" + "0" * 32 + "-bad-01"})
    with database.cursor() as cursor:
        cursor.execute("SELECT traceparent FROM outbox_scenario ORDER BY id")
        (first,), (second,) = cursor.fetchall()
    assert first == given
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", second)


def test_times_are_rfc3339_utc_with_milliseconds(client: httpx.Client) -> None:
    scenario = start(client)
    shown = client.get(f"/api/v1/scenarios/{scenario}").json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown["created_at"])


def test_the_list_is_filtered_by_what_is_shown(client: httpx.Client) -> None:
    stopped, running = start(client, name="a"), start(client, name="b")
    client.post(f"/api/v1/scenario/{stopped}/shutdown")

    def listed(**query: str) -> list[str]:
        answer = client.get("/api/v1/scenarios", params=query)
        assert answer.status_code == 200, answer.text
        return [entry["scenario_uuid"] for entry in answer.json()["scenarios"]]

    assert listed() == [running, stopped]
    assert listed(status="init_shutdown") == [stopped]
    assert listed(status="init_startup") == [running]
    assert listed(name="a") == [stopped]
    assert listed(created_after="2999-01-01T00:00:00Z") == []
    assert listed(created_before="2999-01-01T00:00:00Z") == [running, stopped]


def test_history_begins_with_the_apis_own_step(client: httpx.Client) -> None:
    scenario = start(client)
    answer = client.get(f"/api/v1/scenarios/{scenario}/history").json()
    assert [(step["status"], step["reason"]) for step in answer["transitions"]] == [("init_startup", "Queued")]
    assert answer["next_cursor"] is None
