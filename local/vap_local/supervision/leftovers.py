"""Ends processes that an earlier supervisor left behind: by identity and by mark, never by name."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from vap_local.supervision.identity import ProcessIdentity, ProcessStat, all_processes, environment_of

INSTANCE_VARIABLE = "VAP_INSTANCE"
"""Set in the environment of every process of an instance to its id, and inherited by what those start."""


def end_recorded(recorded: Iterable[ProcessIdentity], grace_s: float = 10.0) -> list[int]:
    """Ends those of `recorded` that still run: SIGINT (PostgreSQL's quick, clean end), later SIGKILL. Returns pids."""
    running = [identity for identity in recorded if identity.is_running()]
    for identity in running:
        _send(identity.pid, signal.SIGINT)
    _wait_until(lambda: not any(identity.is_running() for identity in running), grace_s)
    for identity in running:
        if identity.is_running():
            _send(identity.pid, signal.SIGKILL)
    _wait_until(lambda: not any(identity.is_running() for identity in running), grace_s)
    return [identity.pid for identity in running]


def end_marked(variable: str, value: str, spare: Iterable[int] = ()) -> list[int]:
    """SIGKILL to every process started with the environment `variable=value`, but for `spare`. Returns pids."""
    spared = {os.getpid(), *spare}
    ended = []
    for stat in all_processes():
        if stat.pid not in spared and not stat.ended and environment_of(stat.pid).get(variable) == value:
            _send(stat.pid, signal.SIGKILL)
            ended.append(stat.pid)
    _wait_until(lambda: not any(_runs(pid) for pid in ended), 5.0)
    return ended


def _runs(pid: int) -> bool:
    stat = ProcessStat.of(pid)
    return stat is not None and not stat.ended


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
