import queue
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from uuid import UUID

import structlog

from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages import ToDeploy
from vap_runner.identity import RunnerIdentity
from vap_runner.manager.commands import (
    Command,
    Drain,
    HeartbeatAcknowledged,
    Orders,
    OrdersRead,
    Shutdown,
)
from vap_runner.manager.lease import RunnerLease
from vap_runner.manager.memory import container_limit, proportional_bytes, worker_limit
from vap_runner.manager.order_book import OrderBook, ReceivedOrder, newest_of_each
from vap_runner.manager.process_pool import ProcessPool
from vap_runner.manager.records import WorkerRecord
from vap_runner.manager.snapshot import RunnerSnapshot
from vap_runner.manager.worker_handle import Phase, WorkerHandle
from vap_runner.metrics import RunnerMetrics
from vap_runner.settings import Settings
from vap_runner.worker.protocol import Assignment, FromWorker, Progress, Stop, Warm, WorkCounters

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.5
MEMORY_INTERVAL_SECONDS = 2.0
MAX_WARM_UP_FAILURES = 3
"""After so many in a row, starts that wait are reported as failed instead of waiting on."""


class WorkerManager:
    """Owns the worker processes. All of its state belongs to its one thread; others send it commands.

    Guarantees: a (scenario, epoch) is started at most once; a worker that ends is never started again
    here; results may be sent only as long as `RunnerLease` allows, and no longer than its worker is named
    by the newest order that was read; an end is reported until a heartbeat with it was acknowledged and
    its stop was read.
    """

    def __init__(
        self,
        settings: Settings,
        identity: RunnerIdentity,
        metrics: RunnerMetrics,
        on_change: Callable[[], None],
        on_fatal: Callable[[str], None],
    ) -> None:
        """Both are called on the manager's thread: when a heartbeat should go out at once, and when it gives up."""
        self._settings = settings
        self._metrics = metrics
        self._on_change = on_change
        self._on_fatal = on_fatal
        self._book = OrderBook(identity.runner)
        self._lease = RunnerLease(settings.lease_seconds)
        self._pool = ProcessPool(settings.max_workers)
        self._records: dict[tuple[UUID, int], WorkerRecord] = {}
        self._counters: dict[int, WorkCounters] = {}
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._bell, self._bell_far = socket.socketpair()
        self._bell.setblocking(False)
        self._bell_far.setblocking(False)
        self._memory_limit = worker_limit(settings.worker_memory_limit_mb, settings.max_workers, container_limit())
        self._memory_due = 0.0
        self._warmed_up = False
        self._draining = False
        self._shutdown = False
        self._changed = False
        self._snapshot = RunnerSnapshot(version=0, slots=settings.max_workers)
        self.last_tick = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)

    def start(self) -> None:
        """Begin to start processes."""
        self._thread.start()

    def post(self, command: Command) -> None:
        """Hand over a command; they are done in order."""
        self._commands.put(command)
        try:
            self._bell_far.send(b"!")
        except BlockingIOError:
            pass  # it rings already
        except OSError:
            pass  # the manager has ended

    @property
    def snapshot(self) -> RunnerSnapshot:
        """The newest state."""
        return self._snapshot

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end, after Shutdown."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._shutdown:
                self._pool.refill()
                self._listen()
                self._tick()
                self._publish()
        except Exception as error:
            log.exception("manager.crashed")
            self._on_fatal(f"the worker manager met an unexpected {type(error).__name__}")
        finally:
            for handle in self._pool:
                handle.kill()
                self._pool.remove(handle)

    def _listen(self) -> None:
        by_connection = {handle.connection: handle for handle in self._pool}
        for ready in wait([self._bell, *by_connection], timeout=TICK_SECONDS):
            if ready is self._bell:
                self._bell.recv(4096)
            else:
                self._hear(by_connection[ready])  # type: ignore[index] # only connections are left
        while not self._commands.empty():
            self._obey(self._commands.get())

    def _obey(self, command: Command) -> None:
        match command:
            case Orders(received=received):
                self._metrics.orders_read.inc(len(received))
                for entry in newest_of_each(received):
                    self._take_order(entry)
                self._assign()
            case OrdersRead(asked_at=asked_at):
                self._lease.orders_read(asked_at)
                self._extend_leases()
            case HeartbeatAcknowledged(sent_at=sent_at, version=version):
                self._lease.heartbeat_acknowledged(sent_at)
                self._extend_leases()
                self._forget_settled(version)
            case Drain():
                self._drain()
            case Shutdown():
                self._shutdown = True

    # Orders

    def _take_order(self, entry: ReceivedOrder) -> None:
        order = entry.order
        if order is None:
            # The operator has forgotten the scenario, so it has seen the end of every worker. One that still
            # runs is told to stop by the operator, with an epoch.
            self._mark_stop_read(entry.scenario_uuid, None, superseded=False)
            return
        verdict = self._book.judge(order)
        if verdict.end_through is not None:
            self._mark_stop_read(order.scenario_uuid, verdict.end_through, superseded=verdict.superseded)
        if verdict.start:
            self._accept(order, entry.traceparent)

    def _mark_stop_read(self, scenario: UUID, through: int | None, *, superseded: bool) -> None:
        for (uuid, epoch), record in self._records.items():
            if uuid != scenario or record.stop_read or (through is not None and epoch > through):
                continue
            if through is None and not record.state.is_ended:
                continue
            record.stop_read = True
            self._changed = True
            if not record.state.is_ended:
                self._stop(record, drain=False, superseded=superseded)

    def _accept(self, order: ToDeploy, traceparent: str | None) -> None:
        occupied = sum(record.occupies_slot for record in self._records.values())
        record = WorkerRecord(order, traceparent)
        self._records[order.scenario_uuid, order.epoch] = record
        self._changed = True
        if self._draining:
            self._end(record, WorkerState.REJECTED, WorkerErrorType.NO_FREE_SLOT, "the runner is going away")
        elif occupied >= self._settings.max_workers:
            self._end(
                record,
                WorkerState.REJECTED,
                WorkerErrorType.NO_FREE_SLOT,
                f"all {self._settings.max_workers} slots are taken",
            )

    def _assign(self) -> None:
        for record in self._records.values():
            if record.state is not WorkerState.PENDING or record.pid is not None:
                continue
            while (handle := self._pool.take_warm()) is not None:
                handle.phase = Phase.BUSY
                if handle.send(Assignment(record.order, record.traceparent)):
                    handle.record = record
                    handle.lease.extend(self._lease.deadline)
                    record.pid = handle.pid
                    self._changed = True
                    break
            else:
                return

    def _stop(self, record: WorkerRecord, *, drain: bool, superseded: bool) -> None:
        handle = next((handle for handle in self._pool if handle.record is record), None)
        if handle is None:
            self._end(record, WorkerState.DRAINED if drain else WorkerState.STOPPED)
            return
        if superseded:
            handle.lease.revoke()
        handle.send(Stop(drain=drain))
        handle.kill_at = handle.kill_at or time.monotonic() + self._settings.worker_stop_seconds

    # Workers

    def _hear(self, handle: WorkerHandle) -> None:
        messages = handle.receive()
        for message in messages or ():
            self._take_report(handle, message)
        if messages is None:
            self._bury(handle)

    def _take_report(self, handle: WorkerHandle, message: FromWorker) -> None:
        match message:
            case Warm(seconds=seconds):
                self._pool.became_warm(handle)
                self._warmed_up = True
                self._changed = True
                self._metrics.warm_up_seconds.observe(seconds)
                log.info("worker.warm", pid=handle.pid, seconds=round(seconds, 2))
                self._assign()
            case Progress() if handle.record is not None:
                record = handle.record
                self._metrics.add_work(self._counters.get(handle.pid, WorkCounters()), message.counters)
                self._counters[handle.pid] = message.counters
                if record.apply(message):
                    self._changed = True
                    if record.state.is_ended:
                        self._ended(record)
                        handle.kill_at = handle.kill_at or time.monotonic() + self._settings.worker_stop_seconds

    def _bury(self, handle: WorkerHandle) -> None:
        status = self._pool.remove(handle)
        self._counters.pop(handle.pid, None)
        record = handle.record
        if record is not None and not record.state.is_ended:
            if record.stop_read or self._draining:
                self._end(record, WorkerState.STOPPED if record.stop_read else WorkerState.DRAINED)
            elif handle.killed_for is WorkerErrorType.MEMORY_LIMIT:
                self._end(record, WorkerState.FAILED, WorkerErrorType.MEMORY_LIMIT, self._memory_text())
            else:
                cause = f"by signal {-status}" if status < 0 else f"with exit status {status}"
                self._end(record, WorkerState.FAILED, WorkerErrorType.WORKER_DIED, f"the worker process ended {cause}")
        if self._pool.failures >= MAX_WARM_UP_FAILURES:
            for waiting in self._records.values():
                if waiting.state is WorkerState.PENDING and waiting.pid is None:
                    self._end(
                        waiting,
                        WorkerState.FAILED,
                        WorkerErrorType.WORKER_DIED,
                        "worker processes die while they load; the runner's log says why",
                    )
        self._changed = True

    def _end(
        self, record: WorkerRecord, state: WorkerState, error: WorkerErrorType | None = None, message: str = ""
    ) -> None:
        record.end(state, error, message)
        self._ended(record)
        self._changed = True

    def _ended(self, record: WorkerRecord) -> None:
        error = record.error
        self._metrics.workers_ended.labels(record.state.value, error.type.value if error else "").inc()
        log.info(
            "worker.ended",
            scenario_uuid=str(record.order.scenario_uuid),
            epoch=record.order.epoch,
            state=record.state.value,
            error_type=error.type.value if error else None,
            error=error.message if error else None,
        )

    # Time

    def _tick(self) -> None:
        now = time.monotonic()
        self.last_tick = now
        for handle in self._pool:
            if handle.overdue():
                log.warning("worker.overdue", pid=handle.pid, phase=handle.phase.value)
                handle.kill()
        if now >= self._memory_due:
            self._memory_due = now + MEMORY_INTERVAL_SECONDS
            self._watch_memory()

    def _watch_memory(self) -> None:
        largest = 0
        for handle in self._pool:
            used = proportional_bytes(handle.pid) if handle.phase is Phase.BUSY else None
            if used is None:
                continue
            largest = max(largest, used)
            if self._memory_limit is not None and used > self._memory_limit:
                # Before the kernel chooses a process of this pod by its own rules.
                log.error("worker.memory_limit", pid=handle.pid, used=used, limit=self._memory_limit)
                handle.kill(WorkerErrorType.MEMORY_LIMIT)
        self._metrics.worker_memory_bytes.set(largest)

    def _memory_text(self) -> str:
        limit = (self._memory_limit or 0) // (1024 * 1024)
        return f"the worker needed more than {limit} MiB; raise the runner's memory limit or lower MAX_WORKERS"

    def _extend_leases(self) -> None:
        deadline = self._lease.deadline
        for handle in self._pool:
            if handle.record is not None and not handle.record.stop_read:
                handle.lease.extend(deadline)
        self._metrics.lease_valid.set(time.monotonic() < deadline)

    def _drain(self) -> None:
        if self._draining:
            return
        self._draining = True
        self._changed = True
        self._pool.close()
        log.info("runner.draining", workers=sum(not r.state.is_ended for r in self._records.values()))
        for record in self._records.values():
            if not record.state.is_ended:
                self._stop(record, drain=True, superseded=False)

    def _forget_settled(self, version: int) -> None:
        gone = [
            key
            for key, record in self._records.items()
            if record.settled_in is not None and record.settled_in <= version
        ]
        for key in gone:
            del self._records[key]

    def _publish(self) -> None:
        version = self._snapshot.version + 1
        for record in self._records.values():
            if record.state.is_ended and record.stop_read and record.settled_in is None:
                record.settled_in = version
        busy = self._pool.count(Phase.BUSY)
        warm = self._pool.count(Phase.WARM)
        self._snapshot = RunnerSnapshot(
            version=version,
            slots=self._settings.max_workers,
            warm=warm,
            busy=busy,
            draining=self._draining,
            workers=tuple(record.report() for record in self._records.values()),
            warmed_up=self._warmed_up,
            drained=self._draining and all(record.state.is_ended for record in self._records.values()),
        )
        self._metrics.slots.set(self._settings.max_workers)
        self._metrics.slots_warm.set(warm)
        self._metrics.slots_busy.set(busy)
        self._metrics.results_held.set(sum(counters.results_held for counters in self._counters.values()))
        if self._changed:
            self._changed = False
            self._on_change()
