import time
from collections.abc import Iterator

import structlog

from vap_common.backoff import Backoff
from vap_runner.manager.worker_handle import Phase, WorkerHandle

log = structlog.get_logger(__name__)

LOADING_AT_ONCE = 1
"""Processes that warm up at the same time: one after the other, the first is ready soonest."""
NICENESS_BESIDE_WORK = 5
"""While others analyse frames, a process that warms up gets about a third of their share of a core."""
LOADING_SECONDS = 120.0
"""A process that is not warm by then is killed."""


class ProcessPool:
    """Keeps as many processes as there are slots: busy ones, warm ones, and one that loads. For one thread."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._handles: list[WorkerHandle] = []
        self._backoff = Backoff(first=0.5, cap=30.0)
        self._spawn_at = 0.0
        self._closing = False
        self.failures = 0
        """Processes in a row that died before they were warm."""

    def __iter__(self) -> Iterator[WorkerHandle]:
        return iter(tuple(self._handles))

    def count(self, phase: Phase) -> int:
        """How many processes are in that phase."""
        return sum(handle.phase is phase for handle in self._handles)

    def take_warm(self) -> WorkerHandle | None:
        """The process that has been warm the longest, if there is one."""
        return next((handle for handle in self._handles if handle.phase is Phase.WARM), None)

    def became_warm(self, handle: WorkerHandle) -> None:
        """A process said that it is loaded."""
        handle.phase = Phase.WARM
        handle.kill_at = None
        self.failures = 0
        self._backoff.reset()

    def remove(self, handle: WorkerHandle) -> int:
        """Forget an ended process; its exit status."""
        self._handles.remove(handle)
        status = handle.collect()
        if handle.phase is Phase.LOADING and not self._closing:
            self.failures += 1
            delay = self._backoff.next_delay()
            self._spawn_at = time.monotonic() + delay
            log.error("worker.warm_up_failed", pid=handle.pid, exit_status=status, retry_seconds=round(delay, 1))
        return status

    def close(self) -> None:
        """Start no more processes, and kill those that have no work."""
        self._closing = True
        for handle in self._handles:
            if handle.phase is not Phase.BUSY:
                handle.kill()

    def refill(self) -> None:
        """Start a process if a slot has none and it is time to."""
        while (
            not self._closing
            and len(self._handles) < self._slots
            and self.count(Phase.LOADING) < LOADING_AT_ONCE
            and time.monotonic() >= self._spawn_at
        ):
            try:
                handle = WorkerHandle(NICENESS_BESIDE_WORK if self.count(Phase.BUSY) else 0)
            except OSError as error:
                self._spawn_at = time.monotonic() + self._backoff.next_delay()
                log.error("worker.not_started", error=str(error))
                return
            handle.kill_at = time.monotonic() + LOADING_SECONDS
            self._handles.append(handle)
