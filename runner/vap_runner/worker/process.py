import os
import queue
import threading
import time
from multiprocessing.connection import Connection
from typing import NoReturn

import structlog

from vap_common.camera.redaction import redact
from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages import WorkerError
from vap_runner.capture.stop import StopSignal
from vap_runner.worker.lease import SharedLease
from vap_runner.worker.protocol import Assignment, Stop, ToWorker, Warm
from vap_runner.worker.reporter import Reporter
from vap_runner.worker.result_sender import ResultSender
from vap_runner.worker.scenario import Ending, ScenarioWork
from vap_runner.worker.warm_up import WarmParts, connect_producer

log = structlog.get_logger(__name__)

STOP_GRACE_SECONDS = 1.0
"""A worker that is stuck in a library (opening a dead camera) ends this long after it was told to stop."""
FLUSH_SECONDS = 2.0
RELEASE_SECONDS = 0.1
"""How often held results are looked at."""


class WorkerProcess:
    """A warm process from its assignment to its end; it works on one scenario only.

    Threads: main works on the scenario; `runner` reads the pipe and ends the process when the runner is
    gone; `reporter`; `release` sends held results; for live streams `capture`; and the producer's own.
    """

    def __init__(self, connection: Connection, lease_fd: int, parts: WarmParts) -> None:
        self._connection = connection
        self._lease = SharedLease(lease_fd)
        self._parts = parts
        self._producer = connect_producer(parts.settings)
        self._assigned: queue.SimpleQueue[Assignment | None] = queue.SimpleQueue()
        self._stop = StopSignal()
        self._draining = False
        self._ending = threading.Lock()
        self._work: tuple[Reporter, ResultSender] | None = None

    def run(self, warm_since: float) -> NoReturn:
        """Says that it is warm, waits for the assignment, works, and exits the process."""
        threading.Thread(target=self._read_pipe, name="runner", daemon=True).start()
        self._connection.send(Warm(time.monotonic() - warm_since))
        assignment = self._assigned.get()
        if assignment is not None:
            self._serve(assignment)
        os._exit(0)

    def _serve(self, assignment: Assignment) -> NoReturn:
        order = assignment.order
        settings = self._parts.settings
        sender = ResultSender(
            self._producer, self._lease, hold_max=settings.result_hold_max, traceparent=assignment.traceparent
        )
        work = ScenarioWork(order, settings, self._parts.registry, sender, self._stop)
        reporter = Reporter(self._connection, work.counters)
        self._work = (reporter, sender)
        reporter.start()
        threading.Thread(target=self._release, args=(sender,), name="release", daemon=True).start()
        structlog.contextvars.bind_contextvars(scenario_uuid=str(order.scenario_uuid), epoch=order.epoch)
        log.info("scenario.begin", camera_url=order.camera_url, detector=order.analysis.detector)
        try:
            ending = work.run(reporter)
        except Exception as error:
            log.exception("scenario.crashed")
            ending = Ending(
                WorkerState.FAILED,
                WorkerError(
                    type=WorkerErrorType.WORKER_DIED,
                    message=f"the worker met an unexpected {type(error).__name__}: {redact(str(error))[:300]}",
                ),
            )
        self._end(ending)

    def _end(self, ending: Ending) -> NoReturn:
        """Sends what may still be sent, reports the end, and exits; whichever thread comes first does it."""
        if not self._ending.acquire(blocking=False):
            while True:
                time.sleep(60)  # the other thread is about to exit the process
        assert self._work is not None
        reporter, sender = self._work
        sender.release()
        self._producer.flush(FLUSH_SECONDS)
        lost = sender.abandon() + self._producer.pending()
        if ending.state is WorkerState.STOPPED and self._draining:
            ending = Ending(WorkerState.DRAINED)
        log.info(
            "scenario.end",
            state=ending.state.value,
            error_type=ending.error.type.value if ending.error else None,
            error=ending.error.message if ending.error else None,
            message=ending.message or None,
            results_lost=lost,
        )
        reporter.finish(ending.state, ending.error, ending.message)
        os._exit(0)

    def _read_pipe(self) -> NoReturn:
        while True:
            try:
                message: ToWorker = self._connection.recv()
            except (EOFError, OSError):
                os._exit(1)  # the runner is gone: nobody may work in its name
            match message:
                case Assignment():
                    self._assigned.put(message)
                case Stop(drain=drain):
                    self._want_stop(drain=drain)

    def _want_stop(self, *, drain: bool) -> None:
        self._draining = drain
        self._stop.set()
        self._assigned.put(None)
        timer = threading.Timer(STOP_GRACE_SECONDS, self._force_end)
        timer.daemon = True
        timer.start()

    def _force_end(self) -> None:
        if self._work is None:
            os._exit(0)
        self._end(Ending(WorkerState.STOPPED))

    def _release(self, sender: ResultSender) -> None:
        while True:
            time.sleep(RELEASE_SECONDS)
            if sender.held:
                sender.release()
