"""The convergence rule: what was lost is asked for again, and not too often."""

import uuid
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.api.messages import EPOCH, status
from vap_api.convergence.chore import Converge
from vap_api.convergence.repository import ConvergenceRepository
from vap_api.inbox.status_store import StatusStore
from vap_api.metrics import RelayMetrics
from vap_common.lifecycle import ScenarioState
from vap_common.messages import InitCommand, InitScenario


@pytest.fixture
def converge() -> Converge:
    return Converge(ConvergenceRepository(), RelayMetrics(CollectorRegistry()), interval_s=5, timeout_s=60)


def scenario(database: Connection, state: str, **ages: int) -> UUID:
    """A scenario made 10 minutes ago; `ages` are seconds since the moment that a column names."""
    found = uuid.uuid4()
    columns = {"created_at": 600} | ages
    with database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO scenarios (scenario_uuid, name, camera_url, camera_url_encrypted, analysis, status,"
            f" {', '.join(columns)}) VALUES (%s, 'Dock', 'rtsp://10.0.0.7/a', 'token', '{{\"detector\": \"mock\"}}',"
            f" %s,"
            f" {', '.join(f'now() - make_interval(secs => {age})' for age in columns.values())})",
            (str(found), state),
        )
    return found


def asked(database: Connection) -> dict[UUID, InitScenario]:
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM outbox_scenario RETURNING payload::text")
        messages = [InitScenario.decode(payload.encode()) for (payload,) in cursor.fetchall()]
    return {message.scenario_uuid: message for message in messages}


def test_one_that_was_never_heard_of_is_synced_with_all_that_is_needed_to_make_it(
    database: Connection, converge: Converge
) -> None:
    lost = scenario(database, "init_startup")
    converge.run(database)
    message = asked(database)[lost]
    assert message.command is InitCommand.SYNC
    assert message.last_epoch is None
    assert (message.name, message.camera_url, message.camera_url_encrypted, message.analysis.detector) == (
        "Dock",
        "rtsp://10.0.0.7/a",
        "token",
        "mock",
    )


def test_the_last_epoch_goes_along(database: Connection, converge: Converge) -> None:
    silent = scenario(database, "active", confirmed_at=61)
    with database.cursor() as cursor:
        cursor.execute("UPDATE scenarios SET epoch = %s", (EPOCH,))
    converge.run(database)
    assert asked(database)[silent].last_epoch == EPOCH


def test_only_what_is_due_is_asked_for(database: Connection, converge: Converge) -> None:
    scenario(database, "inactive")
    scenario(database, "active", confirmed_at=30)
    scenario(database, "init_startup", created_at=30)
    scenario(database, "active", confirmed_at=90, nudged_at=30)
    due = scenario(database, "in_shutdown_processing", confirmed_at=90, nudged_at=61)
    converge.run(database)
    assert set(asked(database)) == {due}
    converge.run(database)
    assert asked(database) == {}


def test_a_shutdown_that_was_asked_for_is_asked_for_again(database: Connection, converge: Converge) -> None:
    silent = scenario(database, "active", confirmed_at=90, shutdown_requested_at=90)
    # The operator speaks of it, and never heard the request.
    unheard = scenario(database, "active", confirmed_at=1, shutdown_requested_at=90)
    scenario(database, "active", confirmed_at=1, shutdown_requested_at=30)
    scenario(database, "in_shutdown_processing", confirmed_at=1, shutdown_requested_at=90)
    converge.run(database)
    found = asked(database)
    assert set(found) == {silent, unheard}
    assert {message.command for message in found.values()} == {InitCommand.SHUTDOWN}
    assert {message.camera_url_encrypted for message in found.values()} == {None}


def test_a_final_one_that_is_seen_alive_is_shut_down_again_but_not_for_each_message(
    database: Connection, converge: Converge
) -> None:
    ended = uuid.uuid4()
    store = StatusStore()
    store.write(database, [status(ended, ScenarioState.INACTIVE, 5, epoch=EPOCH)])
    for sequence in range(20, 24):
        store.write(database, [status(ended, ScenarioState.ACTIVE, sequence, epoch=EPOCH + 1)])
        converge.run(database)
    with database.cursor() as cursor:
        cursor.execute("SELECT payload->>'command' FROM outbox_scenario")
        assert cursor.fetchall() == [("shutdown",)]


def test_a_flood_comes_in_portions(database: Connection, converge: Converge) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scenarios (scenario_uuid, camera_url, analysis, status, created_at)"
            " SELECT gen_random_uuid(), 'rtsp://10.0.0.7/a', '{}', 'active', now() - interval '1 h'"
            " FROM generate_series(1, 1200)"
        )
    sizes = []
    for _ in range(4):
        converge.run(database)
        sizes.append(len(asked(database)))
    assert sizes == [500, 500, 200, 0]
