"""`python -m vap_runner.worker RUNNER_PID PIPE_FD LEASE_FD NICENESS`: started by the runner, never by hand."""

import os
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from vap_runner.worker.process_guard import be_nice, guard_process

if TYPE_CHECKING:
    from vap_runner.worker.warm_up import WarmParts


def main() -> None:
    """Guards the process, loads everything on a thread of low priority, then serves its one assignment.

    Only that thread is nice; a process cannot take niceness back without privileges, but threads that come
    later never had it.
    """
    runner_pid, pipe_fd, lease_fd, niceness = map(int, sys.argv[1:5])
    guard_process(runner_pid)
    begin = time.monotonic()
    loaded: list[WarmParts] = []
    warm_up = threading.Thread(target=_load, args=(loaded, niceness), name="warm-up")
    warm_up.start()
    warm_up.join()
    if not loaded:
        os._exit(1)  # the thread has printed why

    from vap_runner.worker.process import WorkerProcess

    WorkerProcess(Connection(pipe_fd), lease_fd, loaded[0]).run(warm_since=begin)


def _load(loaded: "list[WarmParts]", niceness: int) -> None:
    be_nice(niceness)
    from vap_runner.worker.warm_up import load_parts

    loaded.append(load_parts())


if __name__ == "__main__":
    main()
