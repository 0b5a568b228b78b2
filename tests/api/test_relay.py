"""The relay: nothing lost, order kept, one active; with real processes that are killed."""

import signal
import uuid
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import pytest
from confluent_kafka import Message as RawMessage
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import execute_values

from tests.api.conftest import StartCommand, settings_for
from tests.api.messages import request
from tests.api.topics import read_topic, requests_of
from tests.support.waiting import wait_for
from vap_api.settings import Settings
from vap_common.kafka.headers import header
from vap_common.kafka.topics import INIT_SCENARIO
from vap_common.messages import InitCommand, InitScenario
from vap_local.embedded.broker import EmbeddedBroker

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KILLABLE = Path(__file__).parent / "relay_killed_at.py"


def add(database: Connection, *messages: InitScenario) -> None:
    rows = [(str(message.scenario_uuid), message.encode().decode(), TRACE) for message in messages]
    with database.cursor() as cursor:
        execute_values(cursor, "INSERT INTO outbox_scenario (scenario_uuid, payload, traceparent) VALUES %s", rows)
        cursor.execute("NOTIFY vap_outbox")


def waiting(database: Connection) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM outbox_scenario WHERE NOT published AND failed_at IS NULL")
        row = cursor.fetchone()
        assert row
        return int(row[0])


def all_published(database: Connection) -> None:
    wait_for(lambda: waiting(database) == 0, "the outbox to be empty")


def life(scenario: UUID) -> list[InitScenario]:
    return [request(scenario, command) for command in (InitCommand.STARTUP, InitCommand.SYNC, InitCommand.SHUTDOWN)]


def first_times(records: list[RawMessage]) -> dict[UUID, list[str]]:
    """Per scenario, its commands in the order in which each arrived for the first time."""
    order: dict[UUID, list[str]] = defaultdict(list)
    for message in requests_of(records):
        if message.command not in order[message.scenario_uuid]:
            order[message.scenario_uuid].append(message.command)
    return order


def test_rows_arrive_with_key_headers_and_payload(
    broker_settings: Settings, database: Connection, start_command: StartCommand
) -> None:
    message = request()
    add(database, message)
    start_command("relay", broker_settings)
    all_published(database)
    (record,) = read_topic(broker_settings, INIT_SCENARIO, lambda records: len(records) >= 1)
    assert record.key() == str(message.scenario_uuid).encode()
    assert requests_of([record]) == [message]
    assert header(record.headers(), "traceparent") == TRACE
    assert header(record.headers(), "schema_version") == "1"
    with database.cursor() as cursor:
        cursor.execute("SELECT message_id::text, published_at IS NOT NULL FROM outbox_scenario")
        assert cursor.fetchall() == [(header(record.headers(), "message_id"), True)]


@pytest.mark.parametrize("point", ["claimed", "half-sent", "acknowledged", "marked"])
def test_killed_anywhere_every_row_arrives_in_its_scenarios_order(
    broker_settings: Settings, database: Connection, start_command: StartCommand, point: str
) -> None:
    scenarios = [uuid.uuid4() for _ in range(20)]
    add(database, *(life(scenario)[step] for step in range(3) for scenario in scenarios))
    dying = start_command("relay", broker_settings, KILLABLE, KILL_AT=point)
    assert wait_for(lambda: dying.process.poll(), "the relay to die") == -9
    before = waiting(database)
    assert before == (40 if point == "marked" else 60)

    start_command("relay", broker_settings)
    all_published(database)
    records = read_topic(
        broker_settings, INIT_SCENARIO, lambda found: sum(len(steps) for steps in first_times(found).values()) == 60
    )
    assert all(steps == ["startup", "sync", "shutdown"] for steps in first_times(records).values())
    repeated = {"claimed": 0, "half-sent": 10, "acknowledged": 20, "marked": 0}[point]
    assert len(records) == 60 + repeated


def test_a_second_relay_stands_by_and_takes_over(
    broker_settings: Settings, database: Connection, start_command: StartCommand
) -> None:
    first = start_command("relay", broker_settings)
    wait_for(first.logged("relay.leading"), "the first relay to lead")
    second = start_command("relay", broker_settings)
    wait_for(second.logged("relay.standby"), "the second relay to stand by")
    add(database, request())
    all_published(database)
    assert "relay.leading" not in second.log
    first.kill()
    wait_for(second.logged("relay.leading"), "the second relay to take over", timeout_s=10)
    add(database, request())
    all_published(database)
    assert second.terminate() == 0


def test_a_broker_that_hangs_loses_nothing_and_is_resumed(
    broker_settings: Settings, database: Connection, start_command: StartCommand, embedded_broker: EmbeddedBroker
) -> None:
    settings = broker_settings.model_copy(update={"outbox_delivery_timeout_seconds": 2.0})
    relay = start_command("relay", settings)
    add(database, request())
    all_published(database)
    embedded_broker.process.send_signal(signal.SIGSTOP)
    try:
        scenarios = [uuid.uuid4() for _ in range(50)]
        add(database, *(message for scenario in scenarios for message in life(scenario)))
        wait_for(relay.logged("outbox.delivery_failed"), "a delivery to time out")
        assert waiting(database) == 150
    finally:
        embedded_broker.process.send_signal(signal.SIGCONT)
    all_published(database)
    records = read_topic(
        settings, INIT_SCENARIO, lambda found: sum(len(steps) for steps in first_times(found).values()) == 151
    )
    steps = first_times(records)
    assert all(steps[scenario] == ["startup", "sync", "shutdown"] for scenario in scenarios)


def test_a_broker_that_lost_everything_gets_its_topics_again(
    broker_settings: Settings, database: Connection, start_command: StartCommand, embedded_broker: EmbeddedBroker
) -> None:
    settings = broker_settings.model_copy(update={"topics_check_seconds": 2.5, "outbox_delivery_timeout_seconds": 3.0})
    start_command("relay", settings)
    add(database, request())
    all_published(database)
    embedded_broker.kill()
    message = request()
    add(database, message)
    embedded_broker.start()
    all_published(database)
    records = read_topic(settings, INIT_SCENARIO, lambda found: len(found) >= 1)
    assert message in requests_of(records)


def test_a_row_that_can_never_be_sent_is_set_aside_and_blocks_nobody(
    broker_settings: Settings, database: Connection, start_command: StartCommand
) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_scenario (scenario_uuid, payload) VALUES (gen_random_uuid(), '{\"camera_url\": 7}')"
        )
    good = request()
    add(database, good)
    relay = start_command("relay", broker_settings)
    all_published(database)
    assert requests_of(read_topic(broker_settings, INIT_SCENARIO, lambda found: len(found) >= 1)) == [good]
    with database.cursor() as cursor:
        cursor.execute("SELECT error FROM outbox_scenario WHERE failed_at IS NOT NULL AND NOT published")
        ((error,),) = cursor.fetchall()
    assert "scenario_uuid" in error
    assert "outbox.set_aside" in relay.log


def test_a_database_that_comes_back_is_found(
    broker_settings: Settings, database: Connection, start_command: StartCommand
) -> None:
    relay = start_command("relay", broker_settings)
    wait_for(relay.logged("relay.leading"), "the relay to lead")
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'vap-api relay'"
        )
        assert cursor.fetchall() == [(True,)]
    add(database, request())
    all_published(database)
    assert "relay.database_failed" in relay.log


def test_published_rows_are_pruned_after_their_retention(
    broker_settings: Settings, database: Connection, start_command: StartCommand
) -> None:
    settings = broker_settings.model_copy(update={"outbox_retention_hours": 1.0})
    add(database, request(), request())
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_scenario SET published = true, published_at = now() - interval '2 h' WHERE id = 1"
        )
    start_command("relay", settings)
    all_published(database)

    def left() -> bool:
        with database.cursor() as cursor:
            cursor.execute("SELECT id FROM outbox_scenario")
            return cursor.fetchall() == [(2,)]

    wait_for(left, "the old row to go")


def test_the_relay_waits_for_a_database_that_is_not_migrated(
    database_url: str, kafka: object, start_command: StartCommand
) -> None:
    relay = start_command("relay", settings_for(database_url))
    wait_for(relay.logged("UndefinedTable"), "the relay to say what is missing")
    assert relay.process.poll() is None
    assert relay.terminate() == 0
