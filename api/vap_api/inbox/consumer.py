"""The reading end: takes what has arrived, hands it to the writer, and moves the offsets once it is stored."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as RawMessage

from vap_api.inbox.offsets import Offsets
from vap_api.inbox.writer import BatchWriter, WriterStoppedError, Written
from vap_api.metrics import InboxMetrics
from vap_api.process.daemon_pool import DaemonPool
from vap_api.process.stop import StopSignal
from vap_common.backoff import Backoff
from vap_common.camera.redaction import redact
from vap_common.kafka.connection import consumer_config
from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.topics import Topic
from vap_common.settings import KafkaSettings

log = structlog.get_logger(__name__)

IDLE_POLL_S = 0.5
BUSY_POLL_S = 0.02
"""While a batch is being stored: how soon its end is noticed when nothing else arrives."""
COMMIT_INTERVAL_S = 0.25
"""Offsets lag behind the store by this; what is read twice after a crash is stored once all the same."""
PAUSE_AFTER_S = 0.5
STOP_PATIENCE_S = 3.0
"""How long the end waits for the batch in flight; a database that hangs longer gets it again from the next process."""
REVOKE_PATIENCE_S = 3.0
"""How long a rebalance waits for the batch that is being stored. After that its records go to the new owner too."""
DEAD_LETTER_RETRY_CAP_S = 5.0
METADATA_REFRESH_MS = 3000
MISSING_TOPIC_POLL_S = 1.0


class Published(Protocol):
    """What every message of the inbox's topics has."""

    @property
    def published_at(self) -> datetime:
        """When its sender sent it."""


M = TypeVar("M", bound=Published)


@dataclass
class Batch(Generic[M]):
    """Records that were read together: the good ones as messages, and where reading goes on after them."""

    records: list[RawMessage]
    messages: list[M]
    next_offsets: dict[int, int]
    generation: int
    """Of the assignment under which they were read."""


@dataclass
class EmptyHanded:
    """A member of the group without a partition, and when to do something about it."""

    retry_at: float
    topic_was_missing: bool = False
    asked: bool = False
    """Whether the topic was seen to exist: only from the second time on is joining again worth a rebalance."""
    backoff: Backoff = field(default_factory=lambda: Backoff(first=3.0, cap=300.0))


class BatchConsumer(Generic[M]):
    """Reads one topic as a member of a group. Delivery: at least once to the store, at most once a batch in flight.

    One batch is decoded while the one before is stored on a thread of its own. A store that takes long
    (a database that is away) pauses the partitions, and this thread goes on polling: the group keeps its
    member, and memory holds two batches however long it takes.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topic: Topic,
        decode: Callable[[bytes | None], M],
        writer: BatchWriter[M],
        dead_letters: DeadLetterQueue,
        metrics: InboxMetrics,
        stop: StopSignal,
        *,
        group_id: str,
        session_timeout_ms: int,
        batch_size: int,
    ) -> None:
        self._topic = topic
        self._decode_value = decode
        self._writer = writer
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._stop = stop
        self._batch_size = batch_size
        self._consumer = Consumer(
            consumer_config(settings, f"vap-api-inbox-{topic.name}", group_id)
            | {
                "session.timeout.ms": session_timeout_ms,
                "heartbeat.interval.ms": session_timeout_ms // 3,
                # Eager: an incremental rebalance takes several rounds, each as long as the broker holds a join.
                "partition.assignment.strategy": "range",
                # A topic that is made again (an emptied broker) is found in seconds.
                "topic.metadata.refresh.interval.ms": METADATA_REFRESH_MS,
                "error_cb": self._on_error,
            }
        )
        self._offsets = Offsets(topic.name)
        self._thread = DaemonPool(1, f"store-{topic.name}")
        self._storing: tuple[Batch[M], Future[Written]] | None = None
        self._held: list[RawMessage] = []
        self._paused = False
        self._commit_due = 0.0
        self._pause_at = 0.0
        self._empty_handed: EmptyHanded | None = None

    @property
    def name(self) -> str:
        """The topic that is read."""
        return self._topic.name

    def problem(self) -> str | None:
        """None while all is well, else what is not, for /readyz."""
        if self._paused:
            return f"{self.name}: the database is away"
        return None if self._offsets.owned else f"{self.name}: no partitions assigned"

    def run(self) -> None:
        """Consumes until stopped. Raises KafkaException for fatal errors, TooManyDeadLettersError."""
        self._subscribe()
        try:
            while not self._stop.is_set():
                batch = self._read()
                if batch is not None:
                    self._settle()
                    if self._stop.is_set():
                        # The batch before may not be stored: going on would move the offsets past it.
                        break
                    self._hand_over(batch)
                else:
                    self._watch_storing()
                self._commit_when_due()
                self._seek_partitions()
            self._settle()
        finally:
            # Closing revokes, which commits what is stored.
            self._consumer.close()
            self._thread.close()

    def _subscribe(self) -> None:
        self._consumer.subscribe(
            [self._topic.name], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def _seek_partitions(self) -> None:
        """Joins again when the group gave us nothing.

        A group that formed while the topic was missing (an emptied broker) stays empty for ever: librdkafka
        does not look again. Where the topic is there, somebody else may have all of it: then patiently.
        """
        if self._empty_handed is None or time.monotonic() < self._empty_handed.retry_at:
            return
        waiting = self._empty_handed
        try:
            found = self._consumer.list_topics(self._topic.name, timeout=1.0).topics[self._topic.name]
        except KafkaException as error:
            log.warning("inbox.no_metadata", topic=self.name, error=error.args[0].name())
            waiting.retry_at = time.monotonic() + MISSING_TOPIC_POLL_S
            return
        if found.error is not None:
            waiting.topic_was_missing = True
            waiting.retry_at = time.monotonic() + MISSING_TOPIC_POLL_S
            return
        if waiting.topic_was_missing or waiting.asked:
            log.info("inbox.joining_again", topic=self.name)
            self._consumer.unsubscribe()
            self._subscribe()
        waiting.topic_was_missing = False
        waiting.asked = True
        waiting.retry_at = time.monotonic() + waiting.backoff.next_delay()

    def _watch_storing(self) -> None:
        """Nothing has arrived meanwhile: is the batch in flight stored, or does it take long?"""
        if self._storing is None:
            return
        if self._storing[1].done():
            self._resume()
            self._finish_if_done()
        elif time.monotonic() > self._pause_at:
            self._pause()

    def _read(self) -> Batch[M] | None:
        """What has arrived, decoded; waits for the first record only."""
        raw = self._held
        self._held = []
        if not raw:
            first = self._consumer.poll(BUSY_POLL_S if self._storing else IDLE_POLL_S)
            if first is None:
                return None
            raw = [first, *self._consumer.consume(num_messages=self._batch_size - 1, timeout=0)]
        return self._decode(raw)

    def _decode(self, raw: Sequence[RawMessage]) -> Batch[M] | None:
        batch: Batch[M] = Batch([], [], {}, self._offsets.generation)
        for record in raw:
            if not self._usable(record):
                continue
            partition, offset = record.partition(), record.offset()
            assert partition is not None
            assert offset is not None
            batch.next_offsets[partition] = offset + 1
            try:
                message = self._decode_value(record.value())
            except Exception as problem:  # noqa: BLE001 - whatever a record does to the decoder, it is that record's doing
                self._bury(record, problem)
                continue
            batch.records.append(record)
            batch.messages.append(message)
        self._metrics.records.labels(self.name).inc(len(raw))
        return batch if batch.next_offsets else None

    def _usable(self, record: RawMessage) -> bool:
        error = record.error()
        if error is None:
            return True
        if error.fatal():
            raise KafkaException(error)
        log.warning("kafka.read_error", topic=self.name, error=error.name())
        return False

    def _hand_over(self, batch: Batch[M]) -> None:
        self._metrics.batch.labels(self.name).observe(len(batch.messages))
        if batch.messages:
            self._storing = batch, self._thread.submit(self._writer.write, batch.messages)
            self._pause_at = time.monotonic() + PAUSE_AFTER_S
        else:
            self._offsets.stored(batch.next_offsets, batch.generation)

    def _settle(self) -> None:
        """Waits until the batch in flight is stored; meanwhile the group must go on hearing of us."""
        if self._storing is None:
            return
        future = self._storing[1]
        _wait(future, PAUSE_AFTER_S)
        while not future.done():
            if self._stop.is_set():
                _wait(future, STOP_PATIENCE_S)
                break
            self._pause()
            # Paused partitions give nothing; what was on its way before the pause is held.
            record = self._consumer.poll(0.1)
            if record is not None:
                self._held.append(record)
        self._resume()
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        """Moves the offsets past the batch in flight once it is stored. A revocation may have done so already."""
        if self._storing is None or not self._storing[1].done():
            return
        batch, future = self._storing
        self._storing = None
        try:
            written = future.result()
        except WriterStoppedError:
            return
        for index, reason in written.refused:
            self._bury(batch.records[index], reason)
        if len(batch.messages) > len(written.refused):
            self._dead_letters.good()
        self._offsets.stored(batch.next_offsets, batch.generation)
        self._metrics.stored.labels(self.name).inc(written.new)
        self._metrics.store_time.labels(self.name).observe(written.seconds)
        lag = datetime.now(UTC) - batch.messages[-1].published_at
        self._metrics.lag.labels(self.name).observe(max(0.0, lag.total_seconds()))

    def _bury(self, record: RawMessage, reason: Exception) -> None:
        """Puts a record into the dead letters, however long the broker takes: it is never dropped.

        When it is time to end first, its offset is not committed, and it is read again.
        """
        backoff = Backoff(first=0.2, cap=DEAD_LETTER_RETRY_CAP_S)
        while True:
            try:
                self._dead_letters.put(record, reason)
            except (KafkaException, TimeoutError) as error:
                log.warning("inbox.dead_letter_failed", topic=self.name, error=redact(str(error)))
                if self._stop.wait(backoff.next_delay()):
                    raise
            else:
                return

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._metrics.database_away.labels(self.name).set(1)
            log.warning("inbox.paused", topic=self.name)
            self._consumer.pause(self._offsets.owned)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._metrics.database_away.labels(self.name).set(0)
            log.info("inbox.resumed", topic=self.name)
            self._consumer.resume(self._offsets.owned)

    def _commit_when_due(self) -> None:
        now = time.monotonic()
        if now >= self._commit_due:
            self._commit_due = now + COMMIT_INTERVAL_S
            self._commit(asynchronous=True)

    def _commit(self, *, asynchronous: bool) -> None:
        offsets = self._offsets.take()
        if not offsets:
            return
        try:
            if asynchronous:
                self._consumer.commit(offsets=offsets, asynchronous=True)
            else:
                self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # They are read again, and stored once.
            log.warning("inbox.commit_failed", topic=self.name, error=error.args[0].name())

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._offsets.assign(tp.partition for tp in partitions)
        if self._offsets.owned:
            self._empty_handed = None
        elif self._empty_handed is None:
            self._empty_handed = EmptyHanded(time.monotonic())
        log.info("inbox.assigned", topic=self.name, partitions=[tp.partition for tp in partitions])
        if self._paused:
            consumer.assign(partitions)
            consumer.pause(partitions)

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._storing is not None:
            _wait(self._storing[1], REVOKE_PATIENCE_S)
            self._finish_if_done()
        self._commit(asynchronous=False)
        self._forget(partitions)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Somebody else may own them already: committing would move that one's offsets.
        self._forget(partitions)

    def _forget(self, partitions: list[TopicPartition]) -> None:
        self._offsets.drop(tp.partition for tp in partitions)
        self._held = []
        log.info("inbox.revoked", topic=self.name, partitions=[tp.partition for tp in partitions])

    def _on_error(self, error: KafkaError) -> None:
        log.warning("kafka.consumer_error", topic=self.name, error=error.name(), reason=redact(error.str()))


def _wait(future: "Future[Written]", timeout_s: float) -> None:
    try:
        future.exception(timeout_s)
    except TimeoutError:
        return
