"""A producer that confirms: every record has a callback with its outcome, and a thread that serves callbacks."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as RawMessage

from vap_common.kafka.connection import producer_config
from vap_common.kafka.headers import Headers, make_headers
from vap_common.kafka.topics import Topic
from vap_common.messages import Message
from vap_common.settings import KafkaSettings

log = structlog.get_logger(__name__)

OnDelivery = Callable[[KafkaError | None], None]
"""Called once per record, on the producer's thread: None when all in-sync replicas have it."""


class ProducerQueueFullError(RuntimeError):
    """The local queue stayed full: the broker is away or too slow. Hold the record and try later."""


class TopicUnknownError(ProducerQueueFullError):
    """The broker does not have the topic, as one that lost its data until topics are made again. Try later."""


class MessageProducer:
    """Sends messages. Thread-safe. Delivery is at least once towards the reader, in order per key.

    A record that could not be delivered within `delivery_timeout_s` is reported to its callback as
    failed; it may still have arrived.
    """

    def __init__(self, settings: KafkaSettings, client_id: str, *, delivery_timeout_s: float = 120.0) -> None:
        self._producer = Producer(
            producer_config(settings, client_id)
            | {"message.timeout.ms": int(delivery_timeout_s * 1000), "error_cb": self._on_error}
        )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve_callbacks, name=f"{client_id}-producer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(
        self,
        topic: Topic,
        key: str,
        message: Message | None,
        *,
        traceparent: str | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Queues `message` (None: a tombstone). Raises ProducerQueueFullError; never blocks on the broker."""
        self.send_raw(
            topic.name,
            key.encode(),
            None if message is None else message.encode(),
            make_headers(topic.message.schema_version, traceparent),
            on_delivery,
        )

    def send_raw(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Queues a record as it is. Raises ProducerQueueFullError."""

        def delivered(error: KafkaError | None, _record: RawMessage) -> None:
            if error is not None:
                log.warning("kafka.delivery_failed", topic=topic, error=error.name())
            if on_delivery is not None:
                on_delivery(error)

        try:
            self._producer.produce(topic, value=value, key=key, headers=headers, on_delivery=delivered)
        except BufferError:
            raise ProducerQueueFullError(f"no room in the producer's queue for topic {topic}") from None
        except KafkaException as error:
            code = error.args[0].code()
            if code not in (KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION):  # noqa: SLF001 - its public name
                raise
            raise TopicUnknownError(f"the broker has no topic {topic}; `vap-api migrate` makes it") from None

    def send_and_wait(self, topic: Topic, key: str, message: Message | None, *, timeout_s: float = 10.0) -> None:
        """Sends and waits for the acknowledgement. Raises KafkaException or TimeoutError; not for hot paths."""
        done = threading.Event()
        outcome: list[KafkaError | None] = []

        def delivered(error: KafkaError | None) -> None:
            outcome.append(error)
            done.set()

        self.send(topic, key, message, on_delivery=delivered)
        if not done.wait(timeout_s):
            raise TimeoutError(f"no acknowledgement for topic {topic.name} within {timeout_s:g} s")
        if outcome[0] is not None:
            raise KafkaException(outcome[0])

    def connect(self, topic: Topic, timeout_s: float) -> None:
        """Makes the connection and learns the topic's partitions, so that the first send needs no more than itself.

        Raises KafkaException while the broker is away; sending works without this call.
        """
        self._producer.list_topics(topic.name, timeout=timeout_s)

    def flush(self, timeout_s: float) -> int:
        """Waits until the queue is empty; returns how many records still wait for an acknowledgement."""
        remaining: int = self._producer.flush(timeout_s)
        return remaining

    def pending(self) -> int:
        """Records without an acknowledgement so far."""
        return len(self._producer)

    def close(self, timeout_s: float = 5.0) -> None:
        """Delivers what is queued (at most `timeout_s`) and ends the thread. Idempotent."""
        if not self._closing.is_set():
            self.flush(timeout_s)
            self._closing.set()
            self._thread.join(timeout=2)

    def _serve_callbacks(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(0.2)

    @staticmethod
    def _on_error(error: KafkaError) -> None:
        log.warning("kafka.producer_error", error=error.name(), reason=error.str())
