import os
import socket
import subprocess
import sys
import time
from enum import Enum
from multiprocessing.connection import Connection

from vap_common.lifecycle import WorkerErrorType
from vap_runner.capture.opencv_stream import SILENT
from vap_runner.manager.records import WorkerRecord
from vap_runner.worker.lease import SharedLease
from vap_runner.worker.protocol import FromWorker, ToWorker

ENVIRONMENT = SILENT | {
    # One scenario is one process; pools of helper threads would only compete with the other workers.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Frames of changing sizes spread over glibc's per-thread arenas and are never given back.
    "MALLOC_ARENA_MAX": "2",
}
EXIT_SECONDS = 1.0


class Phase(Enum):
    """Where a process is in its life."""

    LOADING = "loading"
    WARM = "warm"
    BUSY = "busy"


class WorkerHandle:
    """A worker process as its manager sees it: the process, the pipe, the lease. Belongs to one thread.

    The process is a fresh interpreter with fixed arguments (never a fork, which copies locks of running
    threads), so its title in the process list holds no URL.
    """

    def __init__(self, niceness: int) -> None:
        """Start the process; it loads with that much niceness and works with none. Raises OSError."""
        ours, theirs = socket.socketpair()
        lease_fd = SharedLease.create_fd()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "vap_runner.worker",
                    *map(str, (os.getpid(), theirs.fileno(), lease_fd, niceness)),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), lease_fd),
                env=os.environ | ENVIRONMENT,
            )
            self.lease = SharedLease(lease_fd)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(lease_fd)
        self.connection = Connection(ours.detach())
        self.phase = Phase.LOADING
        self.record: WorkerRecord | None = None
        self.kill_at: float | None = None
        """When to kill it if it has not ended by then (`time.monotonic()`)."""
        self.killed_for: WorkerErrorType | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, message: ToWorker) -> bool:
        """Tell it something; False if it is gone."""
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True

    def receive(self) -> list[FromWorker] | None:
        """What it has said since the last call; None when it is gone."""
        messages: list[FromWorker] = []
        try:
            while self.connection.poll(0):
                messages.append(self.connection.recv())
        except (EOFError, OSError):
            return messages or None
        return messages

    def kill(self, reason: WorkerErrorType | None = None) -> None:
        """End it without a word; the pipe's end tells when it is done."""
        self.killed_for = self.killed_for or reason
        self._process.kill()

    def collect(self) -> int:
        """Release what is left of an ended process; its exit status (negative: the signal)."""
        self.connection.close()
        try:
            return self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def overdue(self) -> bool:
        """Whether it should have ended by now."""
        return self.kill_at is not None and time.monotonic() >= self.kill_at
