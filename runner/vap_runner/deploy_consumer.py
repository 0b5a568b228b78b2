import threading
import time
from collections.abc import Callable
from uuid import UUID

import structlog
from confluent_kafka import KafkaException

from vap_common.backoff import Backoff
from vap_common.kafka.dead_letters import DeadLetterQueue, TooManyDeadLettersError
from vap_common.kafka.producer import MessageProducer, ProducerQueueFullError
from vap_common.kafka.reader import Record, StartAt, TopicReader
from vap_common.kafka.topics import TO_DEPLOY
from vap_common.messages import ToDeploy
from vap_common.settings import KafkaSettings
from vap_runner.manager.commands import Command, Orders, OrdersRead
from vap_runner.manager.order_book import ReceivedOrder

log = structlog.get_logger(__name__)

READ_SECONDS = 0.2
CHECK_SECONDS = 1.0
"""Time between two proofs that to_deploy was read to its end; less than a third of the lease."""
CHECK_AGAIN_SECONDS = 0.05
BROKER_SECONDS = 2.0


class DeployConsumer:
    """Reads to_deploy on a thread of its own and hands every record to the manager.

    It begins at the end: orders for a runner that was not heard of are for another one. If reading has to
    begin anew, it does so at the beginning, because orders came meanwhile; the manager ignores old ones.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        client_id: str,
        producer: MessageProducer,
        post: Callable[[Command], None],
        on_positioned: Callable[[], None],
        on_fatal: Callable[[str], None],
    ) -> None:
        """`on_positioned` is called once, when no later order can be missed."""
        self._settings = settings
        self._client_id = client_id
        self._dead_letters = DeadLetterQueue(producer)
        self._post = post
        self._on_positioned = on_positioned
        self._on_fatal = on_fatal
        self._start_at = StartAt.END
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="to_deploy", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        backoff = Backoff(first=0.1, cap=2.0)
        while not self._stop.is_set():
            reader = self._new_reader()
            try:
                self._read(reader, backoff)
            except TooManyDeadLettersError as error:
                log.error("to_deploy.unusable", error=str(error))
                self._on_fatal(str(error))
                return
            except (KafkaException, TimeoutError, ProducerQueueFullError) as error:
                delay = backoff.next_delay()
                log.warning("to_deploy.interrupted", error=str(error), retry_seconds=round(delay, 1))
                self._stop.wait(delay)
            finally:
                reader.close()

    def _new_reader(self) -> TopicReader[ToDeploy]:
        return TopicReader(
            self._settings,
            TO_DEPLOY,
            ToDeploy,
            client_id=self._client_id,
            start=self._start_at,
            dead_letters=self._dead_letters,
        )

    def _read(self, reader: TopicReader[ToDeploy], backoff: Backoff) -> None:
        reader.assign(BROKER_SECONDS)
        if self._start_at is StartAt.END:
            self._start_at = StartAt.BEGINNING
            self._on_positioned()
        backoff.reset()
        check_at = 0.0
        while not self._stop.is_set():
            records = reader.read(READ_SECONDS)
            if records:
                self._post(Orders(tuple(entry for entry in map(_received, records) if entry is not None)))
            now = time.monotonic()
            if now < check_at:
                continue
            if self._at_end(reader):
                # After the orders, and with the time from before the question: see RunnerLease.
                self._post(OrdersRead(now))
                check_at = now + CHECK_SECONDS
            else:
                check_at = now + CHECK_AGAIN_SECONDS

    def _at_end(self, reader: TopicReader[ToDeploy]) -> bool:
        try:
            return reader.caught_up(BROKER_SECONDS)
        except KafkaException as error:
            log.warning("to_deploy.end_unknown", error=error.args[0].name())
            self._stop.wait(CHECK_SECONDS)
            return False


def _received(record: Record[ToDeploy]) -> ReceivedOrder | None:
    if record.message is not None:
        return ReceivedOrder(record.message.scenario_uuid, record.message, record.traceparent)
    try:
        return ReceivedOrder(UUID(record.key), None)
    except ValueError:
        return None  # a tombstone of nothing
