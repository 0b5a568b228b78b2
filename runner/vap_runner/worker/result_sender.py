import threading
from collections import deque

import structlog
from confluent_kafka import KafkaError

from vap_common.kafka.producer import MessageProducer, ProducerQueueFullError
from vap_common.kafka.topics import RESULTS
from vap_common.messages import FrameResult
from vap_common.times import utc_now
from vap_runner.worker.lease import SharedLease

log = structlog.get_logger(__name__)


class ResultSender:
    """Sends results while the lease allows it; holds them, in order and in bounded memory, while it does not.

    Thread-safe. A result counts as sent when the broker acknowledged it; one that the broker did not take
    is held again. Held results that are pushed out by newer ones are dropped and counted.
    """

    def __init__(
        self, producer: MessageProducer, lease: SharedLease, *, hold_max: int, traceparent: str | None
    ) -> None:
        self._producer = producer
        self._lease = lease
        self._hold_max = hold_max
        self._traceparent = traceparent
        self._lock = threading.Lock()
        self._held: deque[FrameResult] = deque()
        self._in_flight = 0
        self.sent = 0
        self.dropped = 0

    @property
    def held(self) -> int:
        """Results that wait for the lease."""
        return len(self._held)

    @property
    def idle(self) -> bool:
        """Whether every result was acknowledged or dropped."""
        return not self._held and self._in_flight == 0

    def send(self, result: FrameResult) -> None:
        """Takes over a result."""
        with self._lock:
            self._release()
            if self._held or not self._lease.valid or not self._produce(result):
                self._hold(result)

    def release(self) -> None:
        """Sends what is held, as far as that is allowed now. To be called from time to time."""
        with self._lock:
            self._release()

    def abandon(self) -> int:
        """Drops what is held; returns how many that were."""
        with self._lock:
            count = len(self._held)
            self._held.clear()
            self.dropped += count
            return count

    def _release(self) -> None:
        while self._held and self._lease.valid:
            if not self._produce(self._held[0].model_copy(update={"published_at": utc_now()})):
                return
            self._held.popleft()

    def _produce(self, result: FrameResult) -> bool:
        def delivered(error: KafkaError | None) -> None:
            with self._lock:
                self._in_flight -= 1
                if error is None:
                    self.sent += 1
                else:
                    self._hold(result)

        # Counted before: the callback may come before produce returns.
        self._in_flight += 1
        try:
            self._producer.send(
                RESULTS, str(result.scenario_uuid), result, traceparent=self._traceparent, on_delivery=delivered
            )
        except ProducerQueueFullError:
            self._in_flight -= 1
            return False
        return True

    def _hold(self, result: FrameResult) -> None:
        self._held.append(result)
        if len(self._held) > self._hold_max:
            self._held.popleft()
            self.dropped += 1
