"""The inbox as a process: stored exactly once in effect, whatever is killed, frozen or poisoned."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.api.conftest import StartCommand
from tests.api.messages import EPOCH, WORKER, frame, status
from tests.api.topics import read_topic
from tests.support.waiting import wait_for
from vap_api.settings import Settings
from vap_common.kafka.admin import ensure_topics
from vap_common.kafka.headers import header
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import RESULTS, SCENARIO_STATUS
from vap_common.lifecycle import ScenarioState
from vap_common.messages import FrameResult, ScenarioStatus
from vap_local.embedded.broker import EmbeddedBroker
from vap_local.embedded.postgres import EmbeddedPostgres

KILLABLE = Path(__file__).parent / "inbox_killed_at.py"


@pytest.fixture
def producer(broker_settings: Settings) -> Iterator[MessageProducer]:
    with MessageProducer(broker_settings, "test") as opened:
        yield opened


def send(producer: MessageProducer, *messages: FrameResult | ScenarioStatus) -> None:
    for message in messages:
        topic = RESULTS if isinstance(message, FrameResult) else SCENARIO_STATUS
        producer.send(topic, str(message.scenario_uuid), message)
    assert producer.flush(10) == 0


def stored(database: Connection) -> list[tuple[UUID, int]]:
    with database.cursor() as cursor:
        cursor.execute("SELECT scenario_uuid::text, frame_number FROM scenario_results")
        return [(UUID(scenario), number) for scenario, number in cursor.fetchall()]


def state(database: Connection, scenario: UUID) -> str | None:
    with database.cursor() as cursor:
        cursor.execute("SELECT status FROM scenarios WHERE scenario_uuid = %s", (str(scenario),))
        row = cursor.fetchone()
        return str(row[0]) if row else None


def in_state(database: Connection, scenario: UUID, wanted: ScenarioState) -> Callable[[], bool]:
    return lambda: state(database, scenario) == wanted


@contextmanager
def frozen_database(postgres: EmbeddedPostgres, database: Connection) -> Iterator[None]:
    """The server answers nobody: not on open connections, and no new ones."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'vap-api%'")
        pids = [postgres.pid, *(pid for (pid,) in cursor.fetchall())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_results_are_stored_as_sent(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand
) -> None:
    sent = frame(uuid.uuid4(), 7, detector='tab\there, "quoted" \\ and\nmore', detections=())
    send(producer, sent)
    start_command("inbox", broker_settings)
    wait_for(lambda: stored(database), "the result")
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, timestamp, worker_id::text, width, height, detector, inference_ms, detections, published_at"
            " FROM scenario_results"
        )
        assert cursor.fetchall() == [
            (EPOCH, sent.timestamp, str(WORKER), 640, 480, sent.detector, 1.5, [], sent.published_at)
        ]


@pytest.mark.parametrize("point", ["uncommitted", "committed"])
def test_killed_in_the_middle_every_result_is_stored_once(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand, point: str
) -> None:
    settings = broker_settings.model_copy(update={"inbox_batch_size": 50})
    scenarios = [uuid.uuid4() for _ in range(5)]
    sent = [frame(scenario, number) for number in range(1, 101) for scenario in scenarios]
    send(producer, *sent)
    dying = start_command("inbox", settings, KILLABLE, KILL_AT=point)
    assert wait_for(lambda: dying.process.poll(), "the inbox to die") == -9
    assert len(stored(database)) < len(sent)

    send(producer, *sent[:100])  # and some come twice
    second = start_command("inbox", settings)
    wait_for(lambda: len(stored(database)) >= len(sent), "all results")
    last = frame(scenarios[0], 101)
    send(producer, last)
    wait_for(lambda: (scenarios[0], 101) in stored(database), "the last result")
    found = stored(database)
    assert len(found) == len(set(found)) == len(sent) + 1
    assert "kafka.dead_letter" not in second.log, "a repetition is no poison"


def test_after_a_good_end_nothing_is_read_again(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand
) -> None:
    scenario = uuid.uuid4()
    send(producer, *(frame(scenario, number) for number in range(1, 21)))
    first = start_command("inbox", broker_settings)
    wait_for(lambda: len(stored(database)) == 20, "the results")
    assert first.terminate() == 0
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM scenario_results")
    start_command("inbox", broker_settings)
    send(producer, frame(scenario, 21))
    wait_for(lambda: stored(database), "the next result")
    assert stored(database) == [(scenario, 21)]


def test_a_frozen_database_pauses_the_inbox_and_nothing_is_lost(
    broker_settings: Settings,
    database: Connection,
    producer: MessageProducer,
    start_command: StartCommand,
    postgres: EmbeddedPostgres,
) -> None:
    scenario = uuid.uuid4()
    inbox = start_command("inbox", broker_settings)
    send(producer, frame(scenario, 1), status(scenario, ScenarioState.ACTIVE, 1, epoch=EPOCH))
    wait_for(lambda: stored(database), "the first result")
    wait_for(in_state(database, scenario, ScenarioState.ACTIVE), "the first status")
    with frozen_database(postgres, database):
        send(producer, *(frame(scenario, number) for number in range(2, 500)))
        wait_for(inbox.logged("inbox.paused"), "the inbox to pause")
        send(producer, *(frame(scenario, number) for number in range(500, 1000)))
    wait_for(lambda: len(stored(database)) == 999, "all results")
    assert "inbox.resumed" in inbox.log
    assert inbox.log.count("inbox.assigned") == 2, "it left the group"
    assert inbox.terminate() == 0


def test_it_ends_in_time_although_the_database_hangs(
    broker_settings: Settings,
    database: Connection,
    producer: MessageProducer,
    start_command: StartCommand,
    postgres: EmbeddedPostgres,
) -> None:
    scenario = uuid.uuid4()
    first = start_command("inbox", broker_settings)
    send(producer, frame(scenario, 1))
    wait_for(lambda: stored(database), "the first result")
    with frozen_database(postgres, database):
        send(producer, frame(scenario, 2))
        wait_for(first.logged("inbox.paused"), "the inbox to pause")
        assert first.terminate() == 0
    start_command("inbox", broker_settings)
    wait_for(lambda: (scenario, 2) in stored(database), "the result that was in flight")


def test_a_lost_connection_is_made_again(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand
) -> None:
    scenario = uuid.uuid4()
    inbox = start_command("inbox", broker_settings)
    send(producer, frame(scenario, 1))
    wait_for(lambda: stored(database), "the first result")
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vap-api inbox results'"
        )
    send(producer, frame(scenario, 2))
    wait_for(lambda: len(stored(database)) == 2, "the second result")
    assert "inbox.database_failed" in inbox.log


def test_poison_of_every_kind_goes_to_the_dead_letters_and_the_rest_is_stored(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand
) -> None:
    scenario = uuid.uuid4()
    good = [frame(scenario, number) for number in range(1, 9)]
    nul_class = frame(scenario, 100).encode().replace(b'"person"', b'"per\\u0000son"')
    poison = [
        b"",
        b"not json",
        b"\xff\xfe",
        b'{"scenario_uuid": "rtsp://user:hunter2@10.0.0.7/"}',
        good[0].encode().replace(b'"frame_number":1', b'"frame_number":-1'),
        good[0].encode().replace(b'"timestamp":"20', b'"timestamp":"0001-01-01T00:00:00+18:12","x":"20'),
        # These pass the model; the database refuses them.
        nul_class,
        frame(scenario, 101, detector="nul\0detector").encode(),
        frame(scenario, 2**70).encode(),
        frame(scenario, 102, width=2**40).encode(),
    ]
    for value in poison[:6]:
        producer.send_raw(RESULTS.name, str(scenario).encode(), value, [])
    send(producer, *good[:4])
    for value in poison[6:]:
        producer.send_raw(RESULTS.name, str(scenario).encode(), value, [("traceparent", b"kept")])
    send(producer, *good[4:])
    inbox = start_command("inbox", broker_settings)
    wait_for(lambda: len(stored(database)) == len(good), "the good results")
    letters = read_topic(broker_settings, RESULTS, lambda found: len(found) >= len(poison), dead_letters=True)
    assert {letter.value() or b"" for letter in letters} == set(poison)
    assert len(letters) == len(poison)
    errors = {header(letter.headers(), "dlq_error_type") for letter in letters}
    assert errors == {
        "MessageDecodeError",
        "UntranslatableCharacter",
        "CharacterNotInRepertoire",
        "NumericValueOutOfRange",
    }
    assert not any("hunter2" in (header(letter.headers(), "dlq_error") or "") for letter in letters)
    assert "hunter2" not in inbox.log
    assert sorted(number for _, number in stored(database)) == list(range(1, 9))


def test_poison_among_statuses_goes_to_the_dead_letters_and_the_rest_is_applied(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand
) -> None:
    scenarios = [uuid.uuid4() for _ in range(3)]
    bad = status(uuid.uuid4(), ScenarioState.ACTIVE, 1, epoch=EPOCH, message="nul\0here")
    producer.send_raw(SCENARIO_STATUS.name, b"x", b'{"status": "flying"}', [])
    send(producer, *(status(scenario, ScenarioState.ACTIVE, 1, epoch=EPOCH) for scenario in scenarios), bad)
    start_command("inbox", broker_settings)
    for scenario in scenarios:
        wait_for(in_state(database, scenario, ScenarioState.ACTIVE), "a good status")
    letters = read_topic(broker_settings, SCENARIO_STATUS, lambda found: len(found) >= 2, dead_letters=True)
    assert {letter.value() for letter in letters} == {b'{"status": "flying"}', bad.encode()}
    assert state(database, bad.scenario_uuid) is None


def test_a_broker_that_lost_everything_is_read_from_its_new_beginning(
    broker_settings: Settings,
    database: Connection,
    producer: MessageProducer,
    start_command: StartCommand,
    embedded_broker: EmbeddedBroker,
) -> None:
    scenario = uuid.uuid4()
    send(producer, *(frame(scenario, number) for number in range(1, 201)))
    inbox = start_command("inbox", broker_settings)
    wait_for(lambda: len(stored(database)) == 200, "the results")
    embedded_broker.kill()
    embedded_broker.start()
    # The group forms again while there is no topic, and has nothing to give.
    wait_for(lambda: inbox.log.count("inbox.assigned") >= 4, "the group to form without topics")
    ensure_topics(broker_settings, "test")
    send(producer, *(frame(scenario, number) for number in range(201, 206)))
    wait_for(lambda: len(stored(database)) == 205, "results of the new log")


def test_two_inboxes_share_the_work_and_survive_each_other(
    broker_settings: Settings, database: Connection, producer: MessageProducer, start_command: StartCommand
) -> None:
    scenarios = [uuid.uuid4() for _ in range(12)]
    first = start_command("inbox", broker_settings)
    wait_for(first.logged("inbox.assigned"), "the first inbox")
    second = start_command("inbox", broker_settings)
    wait_for(second.logged("inbox.assigned"), "the second inbox")
    send(producer, *(frame(scenario, 1) for scenario in scenarios))
    wait_for(lambda: len(stored(database)) == 12, "results through two inboxes")
    first.kill()
    send(producer, *(frame(scenario, 2) for scenario in scenarios))
    wait_for(lambda: len(stored(database)) == 24, "results through the one that is left")
