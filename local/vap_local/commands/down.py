"""`vap down`: ends the platform and waits until nothing of it runs."""

import os
import signal
import time
from contextlib import suppress

import click

from vap_local.stack.platform import end_leftovers
from vap_local.state.folder import StateFolder
from vap_local.state.instance_lock import InstanceLock
from vap_local.supervision.identity import ProcessIdentity

STOP_TIMEOUT_S = 90.0
POLL_S = 0.05


def stop_platform(folder: StateFolder) -> str:
    """Stops the supervisor of `folder`, or ends what one that crashed left behind; says what was done."""
    if not folder.root.is_dir():
        return f"nothing to stop: there is no {folder.root}"
    lock = InstanceLock(folder.lock_file)
    pid = lock.holder()
    if pid is None:
        lock.acquire()
        try:
            ended = end_leftovers(folder)
        finally:
            lock.release()
        return f"the platform was not running; ended {len(ended)} leftover processes" if ended else "nothing runs"
    identity = ProcessIdentity.of(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while identity is not None and identity.is_running():
        if time.monotonic() > deadline:
            raise click.ClickException(f"the supervisor (process {pid}) still runs after {STOP_TIMEOUT_S:g} s")
        time.sleep(POLL_S)
    return "stopped; scenarios and results are kept"
