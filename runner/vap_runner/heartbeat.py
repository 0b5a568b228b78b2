import threading
import time
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaError

from vap_common.kafka.producer import MessageProducer, ProducerQueueFullError
from vap_common.kafka.topics import WORKER_STATUS
from vap_common.messages import WorkerStatus
from vap_common.times import utc_now
from vap_runner.identity import RunnerIdentity
from vap_runner.manager.commands import HeartbeatAcknowledged
from vap_runner.manager.snapshot import RunnerSnapshot
from vap_runner.metrics import RunnerMetrics

log = structlog.get_logger(__name__)

COALESCE_SECONDS = 0.003
"""Changes that come this close together share one heartbeat."""


class Heartbeat:
    """Sends worker_status at the interval, and at once after a change."""

    def __init__(
        self,
        producer: MessageProducer,
        identity: RunnerIdentity,
        metrics: RunnerMetrics,
        interval_s: float,
        snapshot: Callable[[], RunnerSnapshot],
        on_acknowledged: Callable[[HeartbeatAcknowledged], None],
    ) -> None:
        self._producer = producer
        self._identity = identity
        self._metrics = metrics
        self._interval = interval_s
        self._snapshot = snapshot
        self._on_acknowledged = on_acknowledged
        self._sequence = 0
        self._wake = threading.Event()
        self._stopping = False
        self._acknowledged_at = float("-inf")
        self._acknowledged = threading.Condition()
        self._acknowledged_version = -1
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Send the first one and go on."""
        self._thread.start()

    def change(self) -> None:
        """Something changed: send now."""
        self._wake.set()

    @property
    def age(self) -> float:
        """Seconds since the newest acknowledged heartbeat was sent."""
        return time.monotonic() - self._acknowledged_at

    @property
    def failed(self) -> bool:
        """Whether the thread was started and has ended without being told to."""
        return self._thread.ident is not None and not self._thread.is_alive() and not self._stopping

    def wait_acknowledged(self, version: int, timeout_s: float) -> bool:
        """Waits until a heartbeat with that snapshot, or a later one, was acknowledged."""
        with self._acknowledged:
            return self._acknowledged.wait_for(lambda: self._acknowledged_version >= version, timeout_s)

    def stop(self, timeout_s: float) -> None:
        """End the thread."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping:
            self._send()
            if self._wake.wait(self._interval):
                time.sleep(COALESCE_SECONDS)
                self._wake.clear()

    def _send(self) -> None:
        snapshot = self._snapshot()
        sent_at = time.monotonic()
        self._sequence += 1
        message = WorkerStatus(
            runner=self._identity.runner,
            pod=self._identity.pod,
            sequence=self._sequence,
            slots=snapshot.slots,
            warm_slots=snapshot.warm,
            draining=snapshot.draining,
            workers=snapshot.workers,
            sent_at=utc_now(),
        )

        def delivered(error: KafkaError | None) -> None:
            self._metrics.heartbeats.labels("failed" if error else "acknowledged").inc()
            if error is None:
                self._acknowledge(sent_at, snapshot.version)

        try:
            self._producer.send(WORKER_STATUS, self._identity.runner, message, on_delivery=delivered)
        except ProducerQueueFullError:
            log.warning("heartbeat.queue_full")

    def _acknowledge(self, sent_at: float, version: int) -> None:
        self._acknowledged_at = max(self._acknowledged_at, sent_at)
        with self._acknowledged:
            self._acknowledged_version = max(self._acknowledged_version, version)
            self._acknowledged.notify_all()
        self._on_acknowledged(HeartbeatAcknowledged(sent_at, version))
