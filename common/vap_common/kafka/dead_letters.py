"""Where messages go that cannot be understood, and when to stop instead of sending everything there."""

import threading
from dataclasses import dataclass, field

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Message as RawMessage
from prometheus_client import Counter

from vap_common.camera.redaction import redact
from vap_common.kafka.headers import Headers
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import DEAD_LETTER_SUFFIX

log = structlog.get_logger(__name__)

DEAD_LETTERS = Counter(
    "vap_dead_letters_total",
    "Messages sent to a dead-letter topic because they could not be used.",
    ["topic"],
)
MAX_ERROR_LENGTH = 1000


class TooManyDeadLettersError(RuntimeError):
    """Nearly everything on a topic is unusable: a broken release on either side, not single poison messages."""


@dataclass
class DeadLetterLimit:
    """Bounds on poison, so that a bad release does not move a whole topic aside.

    Exceeded when `max_consecutive` messages in a row were poison.
    """

    max_consecutive: int = 1000
    _consecutive: int = field(default=0, init=False)

    def good(self) -> None:
        """A message was fine."""
        self._consecutive = 0

    def poison(self) -> None:
        """A message was poison. Raises TooManyDeadLettersError once the bound is passed."""
        self._consecutive += 1
        if self._consecutive > self.max_consecutive:
            raise TooManyDeadLettersError(
                f"{self._consecutive} unusable messages in a row; "
                "compare the versions of sender and reader, then restart this process"
            )


class DeadLetterQueue:
    """Copies poison to `<topic>.dlq` with the error, and waits for the acknowledgement: nothing is dropped."""

    def __init__(self, producer: MessageProducer, limit: DeadLetterLimit | None = None) -> None:
        self._producer = producer
        self._limit = limit or DeadLetterLimit()

    def good(self) -> None:
        """Tells the limit that a message was fine."""
        self._limit.good()

    def put(self, record: RawMessage, error: Exception, *, timeout_s: float = 30.0) -> None:
        """Copies `record` with `error` in its headers. The offset may be committed once this returns.

        Raises KafkaException or TimeoutError when the copy was not acknowledged (then do not commit), and
        TooManyDeadLettersError.
        """
        topic = record.topic() or ""
        done = threading.Event()
        outcome: list[KafkaError | None] = []

        def delivered(failure: KafkaError | None) -> None:
            outcome.append(failure)
            done.set()

        given = record.headers() or []
        headers: Headers = list(given.items()) if isinstance(given, dict) else list(given)
        headers += [
            ("dlq_error_type", type(error).__name__.encode()),
            ("dlq_error", redact(str(error))[:MAX_ERROR_LENGTH].encode()),
            ("dlq_source", f"{topic}/{record.partition()}/{record.offset()}".encode()),
        ]
        self._producer.send_raw(topic + DEAD_LETTER_SUFFIX, record.key(), record.value(), headers, delivered)
        if not done.wait(timeout_s):
            raise TimeoutError(f"no acknowledgement for a dead letter of {topic} within {timeout_s:g} s")
        if outcome[0] is not None:
            raise KafkaException(outcome[0])
        DEAD_LETTERS.labels(topic).inc()
        log.warning(
            "kafka.dead_letter",
            topic=topic,
            partition=record.partition(),
            offset=record.offset(),
            error_type=type(error).__name__,
            error=redact(str(error))[:MAX_ERROR_LENGTH],
        )
        self._limit.poison()
