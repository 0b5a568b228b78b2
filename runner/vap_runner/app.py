"""The composition root: builds the runner's parts, connects them, and ends them in order."""

import os
import time

import structlog
from prometheus_client import REGISTRY

from vap_common.health import HealthServer
from vap_common.kafka.producer import MessageProducer
from vap_runner.deploy_consumer import DeployConsumer
from vap_runner.heartbeat import Heartbeat
from vap_runner.identity import RunnerIdentity
from vap_runner.manager.commands import Drain, Shutdown
from vap_runner.manager.worker_manager import WorkerManager
from vap_runner.metrics import RunnerMetrics
from vap_runner.settings import Settings

log = structlog.get_logger(__name__)

STALE_TICK_SECONDS = 30.0
HEARTBEAT_TIMEOUT_SECONDS = 10.0
"""A heartbeat that was not delivered by then is void: a newer one says more."""
STOP_SECONDS = 2.0
LAST_HEARTBEAT_SECONDS = 4.0
"""For the acknowledgement of the heartbeat that says that all workers are drained."""


class RunnerApp:
    """One runner: reads orders, owns workers, sends heartbeats, answers probes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._identity = RunnerIdentity.of_pod(settings.pod_name)
        self._metrics = RunnerMetrics(REGISTRY)
        self._stop_reader, self._stop_writer = os.pipe()
        self._stopping = False
        self._fatal: str | None = None
        client_id = self._identity.runner
        self._producer = MessageProducer(settings, client_id, delivery_timeout_s=HEARTBEAT_TIMEOUT_SECONDS)
        self._manager = WorkerManager(settings, self._identity, self._metrics, self._on_change, self._fail)
        self._heartbeat = Heartbeat(
            self._producer,
            self._identity,
            self._metrics,
            settings.heartbeat_interval_seconds,
            lambda: self._manager.snapshot,
            self._manager.post,
        )
        # The first heartbeat goes out when no order to this runner can be missed any more.
        self._consumer = DeployConsumer(
            settings,
            client_id,
            self._producer,
            post=self._manager.post,
            on_positioned=self._heartbeat.start,
            on_fatal=self._fail,
        )
        self._health = HealthServer(settings.health_host, settings.health_port, live=self._live, ready=self._ready)

    def run(self) -> int:
        """Serves until `request_stop`, then drains; the exit status."""
        self._manager.start()
        self._consumer.start()
        self._health.start()
        log.info(
            "runner.started",
            runner=self._identity.runner,
            slots=self._settings.max_workers,
            health_port=self._health.port,
        )
        os.read(self._stop_reader, 1)
        self._stopping = True
        drained = self._drain()
        self._health.stop()
        log.info("runner.stopped", drained=drained)
        return 1 if self._fatal else 0

    def request_stop(self) -> None:
        """Begin the orderly end. Safe in a signal handler, which an event's lock would not be."""
        os.write(self._stop_writer, b"!")

    def _drain(self) -> bool:
        """Workers end, the operator hears it, processes go; whether all of that was done in time."""
        deadline = time.monotonic() + self._settings.drain_seconds
        self._manager.post(Drain())
        while not self._manager.snapshot.drained and time.monotonic() < deadline and self._manager.alive:
            time.sleep(0.01)
        last = self._manager.snapshot
        self._heartbeat.change()
        heard = self._heartbeat.wait_acknowledged(
            last.version, max(0.0, min(LAST_HEARTBEAT_SECONDS, deadline - time.monotonic()))
        )
        self._heartbeat.stop(STOP_SECONDS)
        self._consumer.stop(STOP_SECONDS)
        self._manager.post(Shutdown())
        self._manager.join(STOP_SECONDS)
        self._producer.close(STOP_SECONDS)
        return last.drained and heard

    def _on_change(self) -> None:
        self._heartbeat.change()

    def _fail(self, reason: str) -> None:
        self._fatal = reason
        self.request_stop()

    def _live(self) -> str | None:
        if not self._manager.alive or time.monotonic() - self._manager.last_tick > STALE_TICK_SECONDS:
            return "the worker manager stands still"
        if not self._consumer.alive:
            return "the reader of to_deploy has ended"
        if self._heartbeat.failed:
            return "the heartbeat has ended"
        return None

    def _ready(self) -> str | None:
        if self._stopping:
            return "draining"
        if self._heartbeat.age > self._settings.lease_seconds:
            return "Kafka has no recent heartbeat of this runner"
        if not self._manager.snapshot.warmed_up:
            return "no worker process is warm yet"
        return None
