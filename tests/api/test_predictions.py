"""Reading results: order, pages, and what an empty answer says."""

import uuid
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.api.messages import EPOCH, at, frame, status
from vap_api.inbox.result_store import ResultStore
from vap_api.inbox.status_store import StatusStore
from vap_common.lifecycle import ScenarioState
from vap_common.messages import Detection, FrameResult


def store(database: Connection, *results: FrameResult) -> None:
    database.autocommit = False
    with database:
        subject = ResultStore()
        with database.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS incoming_results")
        subject.prepare(database)
        subject.write(database, results)
    database.autocommit = True


def scenario(database: Connection, state: ScenarioState = ScenarioState.ACTIVE, **changes: Any) -> UUID:
    found = uuid.uuid4()
    StatusStore().write(database, [status(found, state, 1, epoch=EPOCH, **changes)])
    return found


def read(client: httpx.Client, found: UUID, **query: object) -> dict[str, Any]:
    answer = client.get(f"/api/v1/prediction/{found}", params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def numbers(document: dict[str, Any]) -> list[int]:
    return [result["frame_number"] for result in document["results"]]


def test_the_answer_is_as_published(client: httpx.Client, database: Connection) -> None:
    found = scenario(database)
    seen = frame(found, 12, detections=(Detection(class_name="person", confidence=0.87, bbox=(1, 2, 30, 40)),))
    store(database, seen)
    document = read(client, found)
    assert document["scenario_uuid"] == str(found)
    assert document["status"] == "active"
    (result,) = document["results"]
    assert result["frame_number"] == 12
    assert result["detections"] == [{"class": "person", "confidence": 0.87, "bbox": [1, 2, 30, 40]}]
    assert result["timestamp"].endswith("Z")
    assert result["epoch"] == EPOCH


def test_without_a_cursor_the_newest_ascending(client: httpx.Client, database: Connection) -> None:
    found = scenario(database)
    store(database, *(frame(found, number) for number in range(1, 131)))
    assert numbers(read(client, found)) == list(range(31, 131))
    assert numbers(read(client, found, limit=3)) == [128, 129, 130]


def test_a_newer_epoch_comes_after_an_older_one(client: httpx.Client, database: Connection) -> None:
    found = scenario(database)
    store(database, *(frame(found, number) for number in (1, 2, 3)))
    store(database, *(frame(found, number, EPOCH + 9) for number in (1, 2)))
    assert numbers(read(client, found)) == [1, 2, 3, 1, 2]
    assert numbers(read(client, found, since_frame=2)) == [2]
    assert numbers(read(client, found, cursor="first", limit=4)) == [1, 2, 3, 1]


def test_the_cursor_follows_a_running_scenario(client: httpx.Client, database: Connection) -> None:
    found = scenario(database)
    first = read(client, found)
    assert first["results"] == []
    store(database, frame(found, 1), frame(found, 2))
    second = read(client, found, cursor=first["next_cursor"])
    assert numbers(second) == [1, 2]
    third = read(client, found, cursor=second["next_cursor"])
    assert numbers(third) == []
    store(database, frame(found, 3))
    assert numbers(read(client, found, cursor=third["next_cursor"])) == [3]


def test_results_of_several_days_are_read_in_one_order(client: httpx.Client, database: Connection) -> None:
    found = scenario(database)
    days = [-400 * 86400, -86400, 0, 86400, 9000 * 86400]
    store(database, *(frame(found, number, timestamp=at(day)) for number, day in enumerate(days, 1)))
    assert numbers(read(client, found)) == [1, 2, 3, 4, 5]


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 40)), max_size=40, unique=True),
    limit=st.integers(1, 15),
)
def test_pages_from_the_first_give_everything_once_in_order(
    client: httpx.Client, database: Connection, places: list[tuple[int, int]], limit: int
) -> None:
    found = scenario(database)
    if places:
        store(database, *(frame(found, number, EPOCH + epoch) for epoch, number in places))
    collected: list[tuple[int, int]] = []
    cursor = "first"
    while True:
        page = read(client, found, cursor=cursor, limit=limit)
        collected += [(result["epoch"] - EPOCH, result["frame_number"]) for result in page["results"]]
        cursor = page["next_cursor"]
        if len(page["results"]) < limit:
            break
    assert collected == sorted(places)


@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 25), limit=st.integers(1, 10))
def test_pages_of_scenarios_and_workers_give_everything_once(
    client: httpx.Client, database: Connection, count: int, limit: int
) -> None:
    with database.cursor() as cursor:
        cursor.execute("TRUNCATE scenarios, scenario_transitions, workers")
    StatusStore().write(
        database,
        [status(uuid.uuid4(), ScenarioState.ACTIVE, 1, epoch=EPOCH, worker_id=uuid.uuid4()) for _ in range(count)],
    )
    for path, key in (("scenarios", "scenario_uuid"), ("workers", "worker_id")):
        found: list[str] = []
        query: dict[str, Any] = {"limit": limit}
        while True:
            page = client.get(f"/api/v1/{path}", params=query).json()
            found += [entry[key] for entry in page[path]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert len(found) == len(set(found)) == count


def test_history_is_paged_in_order(client: httpx.Client, database: Connection) -> None:
    found = uuid.uuid4()
    StatusStore().write(
        database, [status(found, ScenarioState.INIT_STARTUP, sequence, epoch=EPOCH) for sequence in range(1, 8)]
    )
    collected: list[int] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = client.get(f"/api/v1/scenarios/{found}/history", params=query).json()
        collected += [step["sequence"] for step in page["transitions"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert collected == list(range(1, 8))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reason": "WorkerAssigned", "ready_reason": "AUTH_FAILED", "message": "give the password"}, "AUTH_FAILED"),
        ({"reason": "FramesFlowing", "ready": True, "ready_reason": "FramesFlowing"}, "FramesFlowing"),
        ({"reason": "WorkerAssigned"}, "WorkerAssigned"),
    ],
)
def test_an_empty_answer_says_why(
    client: httpx.Client, database: Connection, changes: dict[str, Any], reason: str
) -> None:
    document = read(client, scenario(database, **changes))
    assert document["results"] == []
    assert document["reason"] == reason
    assert document["message"] == changes.get("message", "")


def test_a_frame_with_nothing_in_it_is_a_result(client: httpx.Client, database: Connection) -> None:
    found = scenario(database)
    store(database, frame(found, 1, detections=()))
    assert read(client, found)["results"][0]["detections"] == []
