"""What a worker process does first: die with its runner, and leave no memory image behind."""

import ctypes
import os
import resource
import signal
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def guard_process(runner_pid: int) -> None:
    """Binds this process to the runner with that process id; exits at once if it is gone already.

    The kernel kills the worker when the runner's manager thread ends, in whatever way, also while the
    worker is deep in a decoder. The end of the pipe says the same, but needs a thread that gets to run.
    """
    # Ctrl-C and a group-wide SIGTERM are for the runner, which then drains its workers in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # A core file would hold the camera's password.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != runner_pid:
        os._exit(1)


def be_nice(increment: int) -> None:
    """Lowers the priority of the calling thread alone (Linux: nice values belong to threads)."""
    # A container may have been started nicer than that, and may not go back.
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, increment)
