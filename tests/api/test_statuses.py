"""Statuses: the newest counts, in whatever order and batches they come."""

import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.api.messages import EPOCH, WORKER, at, status
from vap_api.inbox.status_fold import fold, supersedes
from vap_api.inbox.status_store import StatusStore
from vap_common.lifecycle import ScenarioState, StateReason
from vap_common.messages import AnalysisSettings, ScenarioStatus, Telemetry, Transition
from vap_common.times import utc_now

NOW = utc_now()
SCENARIO = uuid.uuid4()


def write(database: Connection, *batch: ScenarioStatus) -> None:
    StatusStore().write(database, batch)


def scenario_row(database: Connection, scenario: UUID, *columns: str) -> tuple[Any, ...]:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM scenarios WHERE scenario_uuid = %s", (str(scenario),))
        row = cursor.fetchone()
        assert row
        return tuple(row)


def rest_scenario(database: Connection, scenario: UUID) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scenarios (scenario_uuid, name, camera_url, camera_url_encrypted, analysis, status, reason)"
            " VALUES (%s, 'Dock 3', 'rtsp://10.0.0.7/a', 'token', '{}', 'init_startup', 'Queued')",
            (str(scenario),),
        )


def step(sequence: int, state: ScenarioState, reason: str = "", **changes: Any) -> Transition:
    return Transition(sequence=sequence, state=state, reason=reason, at=at(sequence), **changes)


def test_an_unknown_scenario_gets_a_row(database: Connection) -> None:
    scenario = uuid.uuid4()
    analysis = AnalysisSettings(detector="motion", classes=("person",))
    write(database, status(scenario, ScenarioState.INIT_STARTUP, 1, name="dock-3", analysis=analysis))
    assert scenario_row(database, scenario, "status", "name", "camera_url", "analysis->>'detector'", "epoch") == (
        "init_startup",
        "dock-3",
        "rtsp://10.0.0.7/a",
        "motion",
        None,
    )


def test_what_rest_wrote_stays(database: Connection) -> None:
    scenario = uuid.uuid4()
    rest_scenario(database, scenario)
    write(database, status(scenario, ScenarioState.ACTIVE, 3, epoch=EPOCH, name="scenario-x", camera_url="other"))
    assert scenario_row(database, scenario, "status", "name", "camera_url", "camera_url_encrypted") == (
        "active",
        "Dock 3",
        "rtsp://10.0.0.7/a",
        "token",
    )


def test_an_older_one_changes_nothing_and_an_equal_one_refreshes(database: Connection) -> None:
    scenario = uuid.uuid4()
    write(database, status(scenario, ScenarioState.ACTIVE, 3, epoch=EPOCH, worker_id=WORKER))
    write(database, status(scenario, ScenarioState.IN_STARTUP_PROCESSING, 2, epoch=EPOCH))
    write(database, status(scenario, ScenarioState.INIT_STARTUP, 9))
    assert scenario_row(database, scenario, "status", "sequence", "ready") == ("active", 3, False)
    telemetry = Telemetry(frames_processed=77, frames_per_second=4.9, last_frame_at=NOW)
    later = at(60)
    write(
        database,
        status(
            scenario,
            ScenarioState.ACTIVE,
            3,
            epoch=EPOCH,
            ready=True,
            ready_reason="FramesFlowing",
            telemetry=telemetry,
            published_at=later,
        ),
    )
    assert scenario_row(
        database, scenario, "ready", "frames_processed", "frames_per_second", "last_frame_at", "worker_id::text"
    ) == (True, 77, 4.9, NOW, str(WORKER))


def test_missed_transitions_are_filled_in_once(database: Connection) -> None:
    scenario = uuid.uuid4()
    steps = (
        step(1, ScenarioState.INIT_STARTUP, "Queued"),
        step(2, ScenarioState.IN_STARTUP_PROCESSING, "WorkerAssigned", epoch=EPOCH, worker_id=WORKER, runner="r.1"),
        step(3, ScenarioState.ACTIVE, "FramesFlowing", epoch=EPOCH, worker_id=WORKER, runner="r.1"),
    )
    for known in (steps[:2], steps, steps[1:]):
        write(database, status(scenario, known[-1].state, known[-1].sequence, epoch=EPOCH, transitions=known))
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT sequence, state, reason, runner, at FROM scenario_transitions ORDER BY sequence",
        )
        assert cursor.fetchall() == [(s.sequence, s.state, s.reason, s.runner, s.at) for s in steps]


def test_the_end_is_the_end_and_a_scenario_seen_alive_after_it_is_noted(database: Connection) -> None:
    scenario = uuid.uuid4()
    write(database, status(scenario, ScenarioState.INACTIVE, 5, epoch=EPOCH, reason="Completed"))
    write(database, status(scenario, ScenarioState.ACTIVE, 3, epoch=EPOCH, published_at=at(-60)))
    assert scenario_row(database, scenario, "status", "alive_seen_at") == ("inactive", None)
    write(database, status(scenario, ScenarioState.ACTIVE, 9, epoch=EPOCH + 5, published_at=at(60)))
    state, seen = scenario_row(database, scenario, "status", "alive_seen_at")
    assert state == "inactive"
    assert seen is not None


@pytest.mark.parametrize("epoch", [None, EPOCH])
def test_an_answer_for_a_missing_resource_ends_a_scenario_whatever_its_number(
    database: Connection, epoch: int | None
) -> None:
    scenario = uuid.uuid4()
    write(database, status(scenario, ScenarioState.ACTIVE, 7, epoch=EPOCH, worker_id=WORKER))
    write(database, status(scenario, ScenarioState.INACTIVE, 0, epoch=epoch, reason="Deleted", published_at=at(1)))
    assert scenario_row(database, scenario, "status", "reason", "epoch") == ("inactive", "Deleted", EPOCH)


def test_an_end_of_an_older_epoch_does_not_end_a_newer_one(database: Connection) -> None:
    scenario = uuid.uuid4()
    write(database, status(scenario, ScenarioState.ACTIVE, 7, epoch=EPOCH + 1))
    write(database, status(scenario, ScenarioState.INACTIVE, 9, epoch=EPOCH, reason="Failed"))
    assert scenario_row(database, scenario, "status") == ("active",)


def workers(database: Connection, scenario: UUID) -> list[tuple[str, str, int | None, str]]:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT worker_id::text, status, process_pid, runner FROM workers WHERE scenario_uuid = %s ORDER BY epoch",
            (str(scenario),),
        )
        return cursor.fetchall()


def test_workers_follow_their_scenario(database: Connection) -> None:
    scenario, first, second = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    started = step(2, ScenarioState.IN_STARTUP_PROCESSING, epoch=EPOCH, worker_id=first, runner="r.1")
    of_first = {"epoch": EPOCH, "worker_id": first, "runner": "r.1"}
    write(database, status(scenario, ScenarioState.IN_STARTUP_PROCESSING, 2, transitions=(started,), **of_first))
    assert workers(database, scenario) == [(str(first), "pending", None, "r.1")]
    write(database, status(scenario, ScenarioState.ACTIVE, 3, process_pid=41, transitions=(started,), **of_first))
    assert workers(database, scenario) == [(str(first), "running", 41, "r.1")]

    moved = step(4, ScenarioState.IN_STARTUP_PROCESSING, "WorkerLost", epoch=EPOCH + 1, worker_id=second, runner="r.2")
    of_second = {"epoch": EPOCH + 1, "worker_id": second, "runner": "r.2", "transitions": (started, moved)}
    write(database, status(scenario, ScenarioState.IN_STARTUP_PROCESSING, 4, reason="WorkerLost", **of_second))
    assert workers(database, scenario) == [(str(first), "failed", 41, "r.1"), (str(second), "pending", None, "r.2")]
    write(database, status(scenario, ScenarioState.INACTIVE, 8, reason=StateReason.COMPLETED, **of_second))
    assert workers(database, scenario) == [(str(first), "failed", 41, "r.1"), (str(second), "completed", None, "r.2")]


@st.composite
def one_life(draw: st.DrawFn) -> list[ScenarioStatus]:
    """Statuses of one scenario with distinct places in its order; at most the last place is final."""
    places = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=8, unique=True))
    final = draw(st.booleans())
    alive = [state for state in ScenarioState if not state.is_final]
    found = []
    for index, (epoch, sequence) in enumerate(sorted(places)):
        last = index == len(places) - 1
        state = ScenarioState.INACTIVE if final and last else draw(st.sampled_from(alive))
        found.append(
            status(
                SCENARIO, state, sequence, epoch=epoch or None, published_at=NOW + timedelta(seconds=index), reason="r"
            )
        )
    return found


@given(data=st.data(), life=one_life())
def test_folding_gives_the_newest_in_any_order(data: st.DataObject, life: list[ScenarioStatus]) -> None:
    shuffled = data.draw(st.permutations(life + life))
    assert fold(shuffled)[SCENARIO].newest == life[-1]


@given(life=one_life())
def test_nothing_supersedes_what_supersedes_it(life: list[ScenarioStatus]) -> None:
    for one in life:
        for other in life:
            if one is not other:
                assert not (supersedes(one, other) and supersedes(other, one))


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), life=one_life())
def test_the_table_holds_the_newest_in_any_order_and_batches(
    database: Connection, data: st.DataObject, life: list[ScenarioStatus]
) -> None:
    scenario = uuid.uuid4()
    own = [one.model_copy(update={"scenario_uuid": scenario}) for one in life]
    rest = data.draw(st.permutations(own + own))
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        write(database, *rest[:size])
        rest = rest[size:]
    newest = own[-1]
    assert scenario_row(database, scenario, "status", "sequence", "coalesce(epoch, 0)") == (
        newest.status,
        newest.sequence,
        newest.epoch or 0,
    )
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM scenario_transitions WHERE scenario_uuid = %s", (str(scenario),))
        assert cursor.fetchone() == (len(life),)
