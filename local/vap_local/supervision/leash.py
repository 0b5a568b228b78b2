"""Ties a child process to the process that started it, by the kernel, so that no crash leaves one behind."""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def leash(death_signal: signal.Signals, before_exec: Callable[[], None] | None = None) -> Callable[[], None]:
    """A `preexec_fn`: the child gets `death_signal` when the thread that starts it ends, however it ends (prctl(2)).

    `before_exec` runs first, since a change of user clears the setting. Start children from a thread that
    lives as long as the process: the main one.
    """
    parent = os.getpid()

    def tie() -> None:
        if before_exec is not None:
            before_exec()
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it ended in between: no signal will come
            os._exit(1)

    return tie
