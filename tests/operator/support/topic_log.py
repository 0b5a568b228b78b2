"""Everything that was said on a topic, newest last."""

import threading
from typing import Generic, TypeVar

from confluent_kafka import KafkaException

from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.reader import Record, StartAt, TopicReader
from vap_common.kafka.topics import Topic
from vap_common.messages import Message
from vap_common.settings import KafkaSettings

M = TypeVar("M", bound=Message)


class TopicLog(Generic[M]):
    """Reads a topic from its beginning on a thread of its own."""

    def __init__(self, kafka: KafkaSettings, topic: Topic, type_: type[M], producer: MessageProducer) -> None:
        self.records: list[Record[M]] = []
        self._stop = threading.Event()
        self._make = lambda: TopicReader(
            kafka,
            topic,
            type_,
            client_id="test-log",
            start=StartAt.BEGINNING,
            dead_letters=DeadLetterQueue(producer),
        )
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def of(self, key: object) -> list[M]:
        """The messages with a key, tombstones left out."""
        return [record.message for record in list(self.records) if record.key == str(key) and record.message]

    def last(self, key: object) -> M | None:
        """The newest message with a key."""
        found = self.of(key)
        return found[-1] if found else None

    def ends_with_tombstone(self, key: object) -> bool:
        """Whether the newest record of a key is a tombstone."""
        mine = [record for record in list(self.records) if record.key == str(key)]
        return bool(mine) and mine[-1].message is None

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _loop(self) -> None:
        while not self._stop.is_set():
            reader = self._make()
            try:
                reader.assign(timeout_s=2)
                while not self._stop.is_set():
                    self.records.extend(reader.read(0.1))
                    reader.caught_up()
            except KafkaException:
                self._stop.wait(0.2)
            finally:
                reader.close()
