"""Sends rows to Kafka and tells, for each, whether the broker has it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as RawMessage

from vap_api.outbox.rows import OutboxRow
from vap_api.process.stop import StopSignal
from vap_common.camera.redaction import redact
from vap_common.kafka.connection import producer_config
from vap_common.kafka.headers import make_headers
from vap_common.kafka.topics import INIT_SCENARIO
from vap_common.messages import InitScenario, MessageDecodeError
from vap_common.settings import KafkaSettings

log = structlog.get_logger(__name__)

FLUSH_SLICE_S = 0.25
MISSING_TOPIC_CODES = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - librdkafka's own codes begin with an underscore
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
    }
)


@dataclass
class Outcome:
    """What became of a wave of rows. Rows in neither list were not acknowledged: they are to be sent again."""

    acknowledged: list[int] = field(default_factory=list)
    unusable: list[tuple[int, str]] = field(default_factory=list)
    """Rows that can never be sent, and why."""
    errors: set[str] = field(default_factory=set)
    """Names of the errors of those not acknowledged."""


class OutboxPublisher:
    """An idempotent producer that is used in one thread: produce all, then wait for all.

    The common MessageProducer serves callbacks on a thread of its own; here flush() serves them, which
    saves a thread switch for each record.
    """

    def __init__(
        self, settings: KafkaSettings, *, delivery_timeout_s: float, on_missing_topic: Callable[[], None]
    ) -> None:
        self._config = producer_config(settings, "vap-api-relay") | {
            "message.timeout.ms": int(delivery_timeout_s * 1000),
            "error_cb": self._on_error,
        }
        self._on_missing_topic = on_missing_topic
        self._producer = Producer(self._config)

    def send(self, rows: Sequence[OutboxRow], stop: StopSignal) -> Outcome:
        """Sends one wave and waits for the outcome of each row, or until `stop`. Never raises for a single row."""
        outcome = Outcome()
        for row in rows:
            value = row.payload.encode()
            try:
                # Checked, then sent as stored: encoding it again would only cost time.
                InitScenario.decode(value)
            except MessageDecodeError as error:
                outcome.unusable.append((row.id, str(error)))
                continue
            if not self._produce(row, value, outcome, stop):
                break
        while self._producer.flush(FLUSH_SLICE_S) > 0 and not stop.is_set():
            pass
        if outcome.errors:
            log.warning("outbox.delivery_failed", errors=sorted(outcome.errors))
            if not outcome.acknowledged:
                # A broker that lost its memory refuses an old idempotent producer for ever; a new one it takes.
                self._replace_producer()
        return outcome

    def close(self) -> None:
        """Drops what is not acknowledged; those rows are still marked as waiting."""
        self._producer.purge()
        self._producer.flush(1.0)

    def _produce(self, row: OutboxRow, value: bytes, outcome: Outcome, stop: StopSignal) -> bool:
        """Queues a row; returns whether further ones can be queued."""
        delivered = partial(self._delivered, row.id, outcome)
        headers = make_headers(InitScenario.schema_version, row.traceparent, row.message_id)
        while not stop.is_set():
            try:
                self._producer.produce(
                    INIT_SCENARIO.name,
                    value=value,
                    key=row.scenario_uuid.encode(),
                    headers=headers,
                    on_delivery=delivered,
                )
            except BufferError:
                # The queue is bounded in bytes: room comes with acknowledgements or timeouts.
                self._producer.poll(FLUSH_SLICE_S)
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                if cause.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    outcome.unusable.append((row.id, "the message is larger than the producer may send"))
                    return True
                outcome.errors.add(cause.name())
                return False
            else:
                return True
        return False

    def _delivered(self, row_id: int, outcome: Outcome, error: KafkaError | None, _record: RawMessage) -> None:
        if error is None:
            outcome.acknowledged.append(row_id)
            return
        outcome.errors.add(error.name())
        if error.code() in MISSING_TOPIC_CODES:
            self._on_missing_topic()

    def _replace_producer(self) -> None:
        self.close()
        self._producer = Producer(self._config)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in MISSING_TOPIC_CODES:
            self._on_missing_topic()
        log.warning("kafka.producer_error", error=error.name(), reason=redact(error.str()))
