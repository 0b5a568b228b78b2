import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection

from vap_common.lifecycle import WorkerState
from vap_common.messages import WorkerError
from vap_runner.capture.errors import StreamError
from vap_runner.worker.protocol import Progress, WorkCounters

INTERVAL_SECONDS = 1.0
RATE_WINDOW_SECONDS = 5.0


class Reporter:
    """Tells the runner how the scenario fares, from a thread of its own.

    The analysis never waits for the runner: a stopped runner fills the pipe, and then only this thread
    stands still. Each report is the whole state, so that none needs to be kept.
    """

    def __init__(self, connection: Connection, counters: Callable[[], WorkCounters]) -> None:
        """`counters` is asked at every report, on the reporter's thread."""
        self._connection = connection
        self._counters = counters
        self._lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._wake = threading.Event()
        self._state = WorkerState.DEPLOYED
        self._error: WorkerError | None = None
        self._frames = 0
        self._last_frame_at: datetime | None = None
        self._recent: deque[float] = deque()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def start(self) -> None:
        """Sends the first report, `deployed`."""
        self._wake.set()
        self._thread.start()

    def frame_analysed(self, captured_at: datetime) -> None:
        """One more frame; the first one makes the state `running`, which is reported at once."""
        with self._lock:
            self._frames += 1
            self._last_frame_at = captured_at
            now = time.monotonic()
            self._recent.append(now)
            while self._recent[0] < now - RATE_WINDOW_SECONDS:
                self._recent.popleft()
            if self._state is WorkerState.DEPLOYED:
                self._state = WorkerState.RUNNING
                self._wake.set()

    def source_failed(self, error: StreamError) -> None:
        """See SourceListener."""
        with self._lock:
            self._error = WorkerError(type=error.type, message=error.message)
            self._wake.set()

    def source_flows(self) -> None:
        """See SourceListener."""
        with self._lock:
            if self._error is not None:
                self._error = None
                self._wake.set()

    def finish(self, state: WorkerState, error: WorkerError | None = None, message: str = "") -> None:
        """Sends the last report, on the caller's thread, once; later calls and reports are void."""
        with self._send_lock:
            if self._closed:
                return
            self._closed = True
            with self._lock:
                self._state = state
                self._error = error if state is WorkerState.FAILED else None
            self._connection.send(self._progress(message))

    def _run(self) -> None:
        while True:
            self._wake.wait(INTERVAL_SECONDS)
            self._wake.clear()
            with self._send_lock:
                if self._closed:
                    return
                try:
                    self._connection.send(self._progress(""))
                except OSError:
                    return  # the runner is gone; the thread that reads from it ends the process

    def _progress(self, message: str) -> Progress:
        counters = self._counters()
        with self._lock:
            return Progress(
                state=self._state,
                frames=self._frames,
                fps=self._rate(),
                last_frame_at=self._last_frame_at,
                error=self._error,
                message=message,
                counters=counters,
            )

    def _rate(self) -> float:
        now = time.monotonic()
        recent = [moment for moment in self._recent if moment >= now - RATE_WINDOW_SECONDS]
        if len(recent) < 2:
            return 0.0
        return round((len(recent) - 1) / max(now - recent[0], 1e-3), 2)
