"""`vap topic`: what travels over Kafka, one line of JSON per record."""

import json
import time
from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka import Message as RawMessage

from vap_common.kafka.connection import consumer_config
from vap_common.kafka.headers import Headers
from vap_common.settings import KafkaSettings

QUIET_SECONDS = 1.0
"""Nothing new for so long: the end, unless it is followed."""
POLL_SECONDS = 0.2


def read_topic(bootstrap_servers: str, topic: str, *, follow: bool) -> Iterator[str]:
    """Every record of `topic` from its beginning; with `follow` it goes on for ever. Joins no group."""
    settings = KafkaSettings(kafka_bootstrap_servers=bootstrap_servers)
    consumer = Consumer(consumer_config(settings, "vap-topic", "vap-topic"))
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        last = time.monotonic()
        while follow or time.monotonic() - last < QUIET_SECONDS:
            record = consumer.poll(POLL_SECONDS)
            if record is not None and record.error() is None:
                last = time.monotonic()
                yield _line(record)
    finally:
        consumer.close()


def _line(record: RawMessage) -> str:
    value = record.value()
    given = record.headers() or []
    headers: Headers = list(given.items()) if isinstance(given, dict) else given
    shown: dict[str, object] = {
        "key": _text(record.key()),
        "value": _json(value),
        "partition": record.partition(),
        "offset": record.offset(),
        "headers": {name: _text(content) for name, content in headers},
    }
    return json.dumps(shown, ensure_ascii=False)


def _json(value: bytes | None) -> object:
    if value is None:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return _text(value)


def _text(content: bytes | str | None) -> str | None:
    return content.decode(errors="replace") if isinstance(content, bytes) else content
