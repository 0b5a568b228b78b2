"""Reading a topic without a group: ends, commits, poison."""

import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from tests.support.waiting import wait_for
from vap_common.kafka.admin import ensure_topics
from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.reader import Record, StartAt, TopicReader
from vap_common.kafka.topics import INIT_SCENARIO
from vap_common.messages import InitScenario
from vap_common.settings import KafkaSettings
from vap_common.times import utc_now
from vap_local.embedded.broker import EmbeddedBroker


def request() -> InitScenario:
    return InitScenario(scenario_uuid=uuid.uuid4(), camera_url="rtsp://10.0.0.7/a", requested_at=utc_now())


def reader(kafka: KafkaSettings, producer: MessageProducer, start: StartAt) -> TopicReader[InitScenario]:
    return TopicReader(
        kafka,
        INIT_SCENARIO,
        InitScenario,
        client_id="test",
        start=start,
        dead_letters=DeadLetterQueue(producer),
        group_id="test-group",
    )


def read_count(subject: TopicReader[InitScenario], count: int) -> list[Record[InitScenario]]:
    found: list[Record[InitScenario]] = []

    def enough() -> bool:
        found.extend(subject.read(0.2))
        return len(found) >= count

    wait_for(enough, f"{count} records")
    return found


def test_from_the_beginning_everything_is_read_and_poison_goes_to_the_dead_letters(kafka: KafkaSettings) -> None:
    sent = [request() for _ in range(5)]
    with MessageProducer(kafka, "test") as producer:
        for message in sent[:3]:
            producer.send(INIT_SCENARIO, str(message.scenario_uuid), message)
        producer.send_raw(INIT_SCENARIO.name, b"poison", b'{"scenario_uuid": "rtsp://user:hunter2@cam/"}', [])
        producer.send_raw(INIT_SCENARIO.name, b"poison", b"\xff\x00", [])
        for message in sent[3:]:
            producer.send(INIT_SCENARIO, str(message.scenario_uuid), message)
        producer.flush(10)
        subject = reader(kafka, producer, StartAt.BEGINNING)
        subject.assign()
        records = read_count(subject, 5)
        assert {r.message.scenario_uuid for r in records if r.message} == {m.scenario_uuid for m in sent}
        assert all(r.traceparent for r in records)
        subject.close()

    dead = Consumer({"bootstrap.servers": kafka.kafka_bootstrap_servers, "group.id": "dead"})
    dead.assign([TopicPartition(INIT_SCENARIO.dead_letters, 0, OFFSET_BEGINNING)])
    letters = [wait_for(lambda: dead.poll(0.2), "a dead letter") for _ in range(2)]
    dead.close()
    errors = {dict(letter.headers())["dlq_error_type"] for letter in letters}
    assert errors == {b"MessageDecodeError"}
    assert not any(b"hunter2" in dict(letter.headers())["dlq_error"] for letter in letters)


def test_committed_offsets_are_kept_without_joining_the_group(kafka: KafkaSettings) -> None:
    with MessageProducer(kafka, "test") as producer:
        for _ in range(4):
            message = request()
            producer.send(INIT_SCENARIO, str(message.scenario_uuid), message)
        producer.flush(10)
        first = reader(kafka, producer, StartAt.COMMITTED)
        first.assign()
        first.commit(read_count(first, 4))
        first.close()
        late = request()
        producer.send(INIT_SCENARIO, str(late.scenario_uuid), late)
        producer.flush(10)
        second = reader(kafka, producer, StartAt.COMMITTED)
        second.assign()
        (record,) = read_count(second, 1)
        second.close()
    assert record.message
    assert record.message.scenario_uuid == late.scenario_uuid


def test_a_reader_at_the_end_knows_when_it_has_read_everything(kafka: KafkaSettings) -> None:
    with MessageProducer(kafka, "test") as producer:
        before = request()
        producer.send(INIT_SCENARIO, str(before.scenario_uuid), before)
        producer.flush(10)
        subject = reader(kafka, producer, StartAt.END)
        subject.assign()
        assert subject.caught_up()
        after = request()
        producer.send(INIT_SCENARIO, str(after.scenario_uuid), after)
        producer.flush(10)
        assert not subject.caught_up()
        records = read_count(subject, 1)
        assert after.scenario_uuid in {r.message.scenario_uuid for r in records if r.message}
        assert subject.caught_up()
        subject.close()


def test_a_replaced_log_is_read_from_its_beginning_and_an_empty_one_counts_as_read(
    embedded_broker: EmbeddedBroker,
) -> None:
    kafka = KafkaSettings(kafka_bootstrap_servers=embedded_broker.bootstrap_servers, kafka_idempotent_producer=False)
    ensure_topics(kafka, "test")
    with MessageProducer(kafka, "test") as producer:
        subject = reader(kafka, producer, StartAt.END)
        subject.assign()
        for _ in range(30):
            message = request()
            producer.send(INIT_SCENARIO, str(message.scenario_uuid), message)
        producer.flush(10)
        read_count(subject, 30)
        embedded_broker.kill()
        embedded_broker.start()
        ensure_topics(kafka, "test")

        def caught_up() -> bool:
            subject.read(0.05)
            try:
                return subject.caught_up()
            except KafkaException:
                return False

        wait_for(caught_up, "the empty log to count as read")
        late = request()
        producer.send(INIT_SCENARIO, str(late.scenario_uuid), late)
        producer.flush(10)
        (record,) = read_count(subject, 1)
        subject.close()
    assert record.message
    assert record.message.scenario_uuid == late.scenario_uuid
