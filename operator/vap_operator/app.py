"""The composition root: builds settings, clients and parts, connects them, runs them, ends them in order."""

import asyncio
import hashlib
import signal
import socket
import time
import uuid
from functools import partial

import structlog
from kubernetes.aio.client import ApiClient

from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.cipher import CameraUrlCipher
from vap_common.health import HealthServer
from vap_common.kafka.admin import ensure_topics
from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.reader import StartAt, TopicReader
from vap_common.kafka.topics import INIT_SCENARIO, WORKER_STATUS
from vap_common.messages import InitScenario, WorkerStatus
from vap_operator.commands.context import CommandContext
from vap_operator.commands.requests import InitRequests
from vap_operator.kube.api import KubeApi
from vap_operator.kube.connection import load_configuration
from vap_operator.kube.watching import Watching
from vap_operator.leadership.leadership import Leadership, LeaseTiming
from vap_operator.leading import Leading
from vap_operator.messaging.publisher import Publisher
from vap_operator.messaging.topic_thread import TopicThread
from vap_operator.metrics import Metrics
from vap_operator.pool.claims import Claims
from vap_operator.pool.facts import Patience
from vap_operator.pool.keeper import PoolKeeper
from vap_operator.reconcile.intake import Intake
from vap_operator.reconcile.lookup import Lookup
from vap_operator.reconcile.observing import Observer
from vap_operator.reconcile.publishing import ScenarioPublisher
from vap_operator.reconcile.reconciler import Reconciler
from vap_operator.reconcile.resync import Resync
from vap_operator.reconcile.sources import Sources
from vap_operator.reconcile.store import Store
from vap_operator.reconcile.vanished import LastWords
from vap_operator.reconcile.workers import ReconcileWorkers
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.runners.fleet import Fleet
from vap_operator.runners.heartbeats import Heartbeats
from vap_operator.runners.listening import ListeningClock
from vap_operator.runners.strays import Strays
from vap_operator.runners.watch_lost import LostRunners
from vap_operator.scenario.observed import Limits
from vap_operator.scenario.source import SourceResolver
from vap_operator.settings import Settings

log = structlog.get_logger(__name__)

CLIENT_ID = "vap-operator"
COMMANDS_GROUP = "vap-operator"
"""Holds the committed offsets of init_scenario; nobody ever joins it."""
LIVENESS_LIMIT_S = 30.0
PULSE_S = 1.0
FLUSH_TIMEOUT_S = 2.0
"""What is not delivered by then is published again by the next leader."""
LAST_WORK_S = 1.0
"""How long the Lease is kept for work that is being ended."""
LISTENING_GAP = 0.4
"""The part of a runner's allowed silence for which this process may itself have been deaf without noticing."""


class OperatorFailedError(RuntimeError):
    """The operator cannot go on; the process ends and is started again by whoever runs it."""


class Operator:
    """One operator process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self._pulse = time.monotonic()
        self._listed = False
        self._leading: Leading | None = None
        self._stop = asyncio.Event()
        self._failure: str | None = None

    async def run(self) -> None:
        """Runs until SIGTERM or SIGINT. Raises OperatorFailedError (or a group of errors) when it cannot go on."""
        settings = self._settings
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        health = HealthServer(
            settings.health_host, settings.health_port, live=self._live_problem, ready=self._ready_problem
        )
        health.start()
        log.info("operator.health", port=health.port)
        configuration = await load_configuration(settings, connections=settings.reconcile_concurrency + 32)
        api = KubeApi(ApiClient(configuration), settings.namespace, self._metrics)
        producer = MessageProducer(settings, CLIENT_ID, delivery_timeout_s=settings.kafka_delivery_timeout_seconds)
        try:
            await self._run_parts(api, producer)
        finally:
            await api.close()
            await asyncio.to_thread(producer.close, FLUSH_TIMEOUT_S)
            health.stop()
            log.info("operator.stopped")
        if self._failure is not None:
            raise OperatorFailedError(self._failure)

    async def _run_parts(self, api: KubeApi, producer: MessageProducer) -> None:
        leadership = self._candidate(api)
        intake, resync, leading = self._build(api, producer, leadership)
        self._leading = leading
        parts = [asyncio.create_task(self._beat(), name="pulse")]
        first_list = asyncio.create_task(resync.until_listed(), name="first list")
        stopped = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait([first_list, stopped], return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                return
            first_list.result()
            self._listed = True
            parts.append(asyncio.create_task(self._lead(leading, resync, leadership), name="leading"))
            parts.append(asyncio.create_task(resync.run(), name="resync"))
            parts.append(asyncio.create_task(Watching(intake, self._settings).run(), name="watching"))
            done, _ = await asyncio.wait([*parts, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
                if not self._stop.is_set():
                    self._fail(f"{task.get_name()} ended")
        finally:
            self._stop.set()
            await self._end([*parts, first_list, stopped])

    async def _lead(self, leading: Leading, resync: Resync, leadership: Leadership | None) -> None:
        """Stands by until this process leads, then does the leader's work for as long as it does."""
        if leadership is None:
            await leading.run()
            return
        await leadership.acquire()
        tasks: list[asyncio.Task[None] | asyncio.Task[str]] = []
        try:
            # Watching was going on all the while; a list leaves no doubt.
            await resync.until_listed()
            keep = asyncio.create_task(leadership.keep(), name="lease")
            work = asyncio.create_task(leading.run(), name="work")
            tasks += [keep, work]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if keep.done():
                self._fail(keep.result())
            else:
                work.result()
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=LAST_WORK_S)
            await leadership.release()

    def _candidate(self, api: KubeApi) -> Leadership | None:
        settings = self._settings
        if not settings.leader_election:
            return None
        duration = settings.lease_duration_seconds
        identity = f"{settings.pod_name or socket.gethostname()}_{uuid.uuid4().hex[:8]}"
        timing = LeaseTiming(duration=duration, deadline=duration * 0.7, renew=duration * 0.2)
        leadership = Leadership(api, settings.lease_name, identity, timing, self._metrics)
        api.write_only_while(leadership.held)
        return leadership

    @staticmethod
    async def _end(tasks: "list[asyncio.Task[None] | asyncio.Task[bool]]") -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=15)

    def _build(
        self, api: KubeApi, producer: MessageProducer, leadership: Leadership | None
    ) -> tuple[Intake, Resync, Leading]:
        settings = self._settings
        loop = asyncio.get_running_loop()
        store, queue, claims = Store(), WorkQueue(), Claims()
        lost_after = settings.runner_lost_after_seconds
        fleet = Fleet(ListeningClock(max_gap_s=lost_after * LISTENING_GAP), lost_after)
        is_leading = leadership.held if leadership is not None else lambda: True
        publisher = Publisher(producer, loop, self._metrics, is_leading)
        keeper = PoolKeeper(
            api=api,
            store=store,
            fleet=fleet,
            claims=claims,
            metrics=self._metrics,
            patience=Patience(settings.pod_start_seconds, settings.silent_pod_delete_seconds),
            on_verdict=queue.add,
        )
        publishing = ScenarioPublisher(publisher, queue, fleet.clock, settings.status_interval_seconds)
        observer = Observer(
            store=store,
            fleet=fleet,
            claims=claims,
            sources=Sources(api, store, self._source_resolver()),
            publishing=publishing,
            deletion_grace_s=settings.deletion_grace_seconds,
        )
        reconciler = Reconciler(
            api=api,
            store=store,
            queue=queue,
            claims=claims,
            keeper=keeper,
            observer=observer,
            publishing=publishing,
            metrics=self._metrics,
            limits=Limits(
                assignment_timeout_s=settings.assignment_timeout_seconds,
                absence_confirms_stop_s=settings.absence_confirms_stop_seconds,
            ),
            telemetry_interval_s=settings.telemetry_interval_seconds,
            on_gone=LastWords(publisher).say,
        )
        intake = Intake(store, queue, keeper, reconciler, self._metrics)
        resync = Resync(api, store, intake, settings.resync_interval_seconds)
        lookup = Lookup(api, store, intake, resync)
        strays = Strays(store, lookup, publisher, reconciler, self._metrics)
        heartbeats = Heartbeats(fleet, store, queue, keeper, strays, self._metrics)
        requests = InitRequests(CommandContext(api, store, intake, lookup, reconciler, publisher), self._metrics)
        dead_letters = partial(DeadLetterQueue, producer)
        make_topics = partial(ensure_topics, settings, CLIENT_ID)
        leading = Leading(
            store=store,
            queue=queue,
            workers=ReconcileWorkers(queue, reconciler, self._metrics, settings.reconcile_concurrency),
            keeper=keeper,
            lost_runners=LostRunners(fleet, store, queue, keeper, self._metrics),
            strays=strays,
            requests=TopicThread(
                "init_scenario",
                lambda: TopicReader(
                    settings,
                    INIT_SCENARIO,
                    InitScenario,
                    client_id=CLIENT_ID,
                    start=StartAt.COMMITTED,
                    dead_letters=dead_letters(),
                    group_id=COMMANDS_GROUP,
                ),
                requests.handle,
                loop,
                commit=True,
                make_topics=make_topics,
                on_fatal=self._fail,
            ),
            heartbeats=TopicThread(
                "worker_status",
                lambda: TopicReader(
                    settings,
                    WORKER_STATUS,
                    WorkerStatus,
                    client_id=CLIENT_ID,
                    start=StartAt.END,
                    dead_letters=dead_letters(),
                ),
                heartbeats.handle,
                loop,
                commit=False,
                make_topics=make_topics,
                on_caught_up=lambda: fleet.clock.confirm(time.monotonic()),
                on_interrupted=reconciler.publish_all_again,
                on_fatal=self._fail,
            ),
            metrics=self._metrics,
        )
        return intake, resync, leading

    def _source_resolver(self) -> SourceResolver:
        settings = self._settings
        keys = settings.vap_secret_key.get_secret_value().split(",") if settings.vap_secret_key else []
        # The oldest key: it stays the same while newer ones are put before it.
        oldest = keys[-1].strip() if keys else ""
        return SourceResolver(
            AddressPolicy.from_settings(settings),
            CameraUrlCipher(settings.vap_secret_key),
            hashlib.sha256(f"vap source fingerprint {oldest}".encode()).digest(),
        )

    async def _beat(self) -> None:
        while True:
            self._pulse = time.monotonic()
            await asyncio.sleep(PULSE_S)

    def _fail(self, why: str) -> None:
        log.error("operator.failed", why=why)
        self._failure = self._failure or why
        self._stop.set()

    def _live_problem(self) -> str | None:
        stalled = time.monotonic() - self._pulse
        return f"the event loop has been stuck for {stalled:.0f} s" if stalled > LIVENESS_LIMIT_S else None

    def _ready_problem(self) -> str | None:
        if not self._listed or self._leading is None:
            return "Kubernetes has not been listed yet"
        if self._settings.leader_election and not self._leading.started:
            return None  # a standby is ready to take over
        return self._leading.problem()
