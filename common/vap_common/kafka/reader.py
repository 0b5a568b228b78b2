"""Reads every partition of a topic without joining a group: no wait for an assignment, all records to all readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka import Message as RawMessage
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined] # public, without __all__

from vap_common.kafka.connection import client_config, consumer_config
from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.headers import TRACEPARENT, header
from vap_common.kafka.topics import Topic
from vap_common.messages import Message, MessageDecodeError
from vap_common.settings import KafkaSettings

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Message)

UNANSWERED_LIMIT = 5
"""After so many questions in a row without an answer they are asked over a new connection."""


class StartAt(Enum):
    """Where reading begins."""

    BEGINNING = "beginning"
    END = "end"
    """A lower bound of the end: some records older than the call may be read again (see `TopicReader`)."""
    COMMITTED = "committed"
    """The committed offsets of the (never joined) group; the beginning where there are none."""


@dataclass(frozen=True, slots=True)
class Record(Generic[M]):
    """A decoded record. `message` is None for a tombstone."""

    key: str
    message: M | None
    partition: int
    offset: int
    traceparent: str | None


class TopicReader(Generic[M]):
    """A manual-assignment consumer of one topic. Not thread-safe: it belongs to one thread.

    Reading from the end may deliver a few older records: a broker's end offset is taken as a lower bound
    only (the embedded broker reports the start of the last batch + 1). Readers order records by content.
    Delivery: at least once when offsets are committed after the work.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: Topic,
        message_type: type[M],
        *,
        client_id: str,
        start: StartAt,
        dead_letters: DeadLetterQueue,
        group_id: str | None = None,
    ) -> None:
        if start is StartAt.COMMITTED and group_id is None:
            raise ValueError("reading from committed offsets needs the group that holds them")
        self._topic = topic
        self._message_type = message_type
        self._start = start
        self._dead_letters = dead_letters
        self._consumer = Consumer(
            consumer_config(settings, client_id, group_id or client_id) | {"error_cb": self._on_error}
        )
        self._admin_config = client_config(settings, client_id) | {"error_cb": self._on_error}
        self._admin = AdminClient(self._admin_config)
        self._unanswered = 0
        self._partitions: list[int] = []
        self._identity = ""
        self._replacements = 0

    @property
    def assigned(self) -> bool:
        """Whether `assign` has succeeded."""
        return bool(self._partitions)

    @property
    def replacements(self) -> int:
        """How often `caught_up` found that the log was replaced: whoever wrote to this broker should write again."""
        return self._replacements

    def assign(self, timeout_s: float = 10.0) -> None:
        """Finds the partitions and sets the positions. Raises KafkaException while broker or topic are away."""
        metadata = self._consumer.list_topics(self._topic.name, timeout=timeout_s).topics[self._topic.name]
        if metadata.error is not None:
            raise KafkaException(metadata.error)
        self._identity = self._log_identity(timeout_s)
        partitions = [TopicPartition(self._topic.name, number) for number in sorted(metadata.partitions)]
        numbers = [tp.partition for tp in partitions]
        if self._start is StartAt.END:
            offsets = self._offsets(numbers, OffsetSpec.latest(), timeout_s)  # type: ignore[no-untyped-call]
        else:
            offsets = self._offsets(numbers, OffsetSpec.earliest(), timeout_s)  # type: ignore[no-untyped-call]
        if self._start is StartAt.COMMITTED:
            offsets |= self._committed(partitions, timeout_s)
        positions = [TopicPartition(self._topic.name, number, offset) for number, offset in offsets.items()]
        self._consumer.assign(positions)
        self._partitions = [tp.partition for tp in partitions]
        log.info("kafka.assigned", topic=self._topic.name, partitions=len(partitions), start=self._start.value)

    def read(self, timeout_s: float = 0.2, limit: int = 1000) -> list[Record[M]]:
        """Waits for the first record, then takes what has already arrived, up to `limit`.

        Poison goes to the dead letters and is skipped. Raises KafkaException for fatal errors and when a
        dead letter could not be stored (the position then stays before it, if the reader is made anew).
        """
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        raw = [first, *self._consumer.consume(num_messages=limit - 1, timeout=0)] if limit > 1 else [first]
        return list(self._decode(raw))

    def commit(self, records: list[Record[M]]) -> None:
        """Commits past `records`, synchronously: they will not be read again. Raises KafkaException."""
        newest: dict[int, int] = {}
        for record in records:
            newest[record.partition] = max(newest.get(record.partition, 0), record.offset + 1)
        offsets = [TopicPartition(self._topic.name, partition, offset) for partition, offset in newest.items()]
        if offsets:
            self._consumer.commit(offsets=offsets, asynchronous=False)

    def caught_up(self, timeout_s: float = 2.0) -> bool:
        """Asks the broker for the ends: has everything been read that was there when this was called?

        True is also evidence that the broker answers. Raises KafkaException when it does not.

        A topic with another id is another log (it was made again, such as after a broker lost its data): reading
        then starts at its beginning, because the old position may never be reached, or be past new records.
        """
        if not self._partitions:
            return False
        positions = {
            position.partition: position.offset
            for position in self._consumer.position(
                [TopicPartition(self._topic.name, number) for number in self._partitions]
            )
        }
        assigned = {tp.partition: tp.offset for tp in self._consumer.assignment()}
        try:
            identity = self._log_identity(timeout_s)
            ends = self._offsets(self._partitions, OffsetSpec.latest(), timeout_s)  # type: ignore[no-untyped-call]
        except KafkaException:
            self._renew_admin_when_stuck()
            raise
        self._unanswered = 0
        if identity != self._identity:
            log.warning("kafka.log_replaced", topic=self._topic.name)
            self._replacements += 1
            self._identity = identity
            starts = self._offsets(self._partitions, OffsetSpec.earliest(), timeout_s)  # type: ignore[no-untyped-call]
            self._consumer.assign([TopicPartition(self._topic.name, n, offset) for n, offset in starts.items()])
            return False
        # Nothing was read since the assignment where the position is below zero. Assignments are always numbers,
        # never "the beginning": an empty partition, also one whose records have expired, counts as read.
        return all(
            max(positions.get(partition, -1), assigned.get(partition, -1)) >= end for partition, end in ends.items()
        )

    def close(self) -> None:
        """Leaves the broker. Idempotent."""
        self._consumer.close()

    def _renew_admin_when_stuck(self) -> None:
        # Seen after a restart of Kafka in a cluster: one client timed out for minutes, a new one had answers at once.
        self._unanswered += 1
        if self._unanswered >= UNANSWERED_LIMIT:
            self._unanswered = 0
            self._admin = AdminClient(self._admin_config)

    def _offsets(self, partitions: list[int], which: OffsetSpec, timeout_s: float) -> dict[int, int]:
        # One request on a connection of its own: on the consumer's it would wait behind the open fetch.
        futures = self._admin.list_offsets(
            {TopicPartition(self._topic.name, number): which for number in partitions}, request_timeout=timeout_s
        )
        return {tp.partition: int(future.result().offset) for tp, future in futures.items()}

    def _committed(self, partitions: list[TopicPartition], timeout_s: float) -> dict[int, int]:
        committed = self._consumer.committed(partitions, timeout=timeout_s)
        for position in committed:
            if position.error is not None:
                raise KafkaException(position.error)
        return {position.partition: position.offset for position in committed if position.offset >= 0}

    def _log_identity(self, timeout_s: float) -> str:
        futures = self._admin.describe_topics(TopicCollection([self._topic.name]), request_timeout=timeout_s)
        return str(futures[self._topic.name].result().topic_id)

    def _decode(self, raw: list[RawMessage]) -> Iterator[Record[M]]:
        for record in raw:
            error = record.error()
            if error is not None:
                if error.fatal():
                    raise KafkaException(error)
                log.warning("kafka.read_error", topic=self._topic.name, error=error.name())
                continue
            message: M | None = None
            try:
                key = (record.key() or b"").decode()
                if record.value() is not None:
                    message = self._message_type.decode(record.value())
            except (MessageDecodeError, UnicodeDecodeError) as problem:
                self._dead_letters.put(record, problem)
                continue
            self._dead_letters.good()
            yield Record(
                key=key,
                message=message,
                partition=record.partition() or 0,
                offset=record.offset() or 0,
                traceparent=header(record.headers(), TRACEPARENT),
            )

    @staticmethod
    def _on_error(error: KafkaError) -> None:
        log.warning("kafka.consumer_error", error=error.name(), reason=error.str())
