"""Reading whole topics, to see what arrived."""

from collections.abc import Callable

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka import Message as RawMessage

from tests.support.waiting import wait_for
from vap_common.kafka.topics import Topic
from vap_common.messages import InitScenario
from vap_common.settings import KafkaSettings


def read_topic(
    kafka: KafkaSettings, topic: Topic, enough: Callable[[list[RawMessage]], bool], *, dead_letters: bool = False
) -> list[RawMessage]:
    """All records from the beginning, once there are `enough`."""
    name = topic.dead_letters if dead_letters else topic.name
    consumer = Consumer(
        {"bootstrap.servers": kafka.kafka_bootstrap_servers, "group.id": "look", "fetch.wait.max.ms": 5}
    )
    partitions = range(1 if dead_letters else topic.partitions)
    consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for partition in partitions])
    records: list[RawMessage] = []

    def arrived() -> bool:
        records.extend(record for record in consumer.consume(1000, timeout=0.1) if record.error() is None)
        return enough(records)

    try:
        wait_for(arrived, f"enough records in {name}")
    finally:
        consumer.close()
    return records


def requests_of(records: list[RawMessage]) -> list[InitScenario]:
    return [InitScenario.decode(record.value()) for record in records]
