"""`vap up`: the supervisor in the foreground, or in the background until it is ready."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import click

from vap_local.commands.messages import progress, replaced_ports, welcome
from vap_local.embedded.postgres import PostgresStartError
from vap_local.stack.options import LocalSettings, PoolOptions
from vap_local.stack.platform import Platform
from vap_local.state.folder import StateFolder
from vap_local.state.instance_lock import AlreadyRunningError, InstanceLock
from vap_local.state.record import PlatformRecord
from vap_local.supervision.errors import StartError
from vap_local.supervision.events import TreeEvent
from vap_local.supervision.log_files import rotate

DETACHED_TIMEOUT_S = 120.0
POLL_S = 0.05


def run_in_foreground(settings: LocalSettings, folder: StateFolder, pool: PoolOptions) -> int:
    """Runs the platform until SIGINT or SIGTERM; the exit code."""
    began = time.monotonic()
    try:
        platform = Platform(settings, folder, pool, _tell)
    except AlreadyRunningError as problem:
        raise click.ClickException(f"{problem}; `vap down` stops it") from None
    if platform.leftovers:
        click.echo(f"  ended {len(platform.leftovers)} processes of an earlier start that did not end in order")
    for line in replaced_ports(platform.addresses):
        click.echo(line)
    return asyncio.run(_supervise(platform, began))


def _tell(event: TreeEvent) -> None:
    # A terminal that is gone is no reason to stop looking after the processes.
    with suppress(OSError):
        click.echo(progress(event))


async def _supervise(platform: Platform, began: float) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    starting = asyncio.create_task(platform.start())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            click.echo(welcome(platform.record, time.monotonic() - began))
            await stopping
        click.echo("stopping …")
        return 0
    except (StartError, PostgresStartError, OSError) as problem:
        click.echo(f"the platform cannot start: {problem}", err=True)
        return 1
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await platform.stop()


def run_in_background(folder: StateFolder, arguments: list[str]) -> PlatformRecord:
    """Starts a supervisor of its own session and waits until it is ready; shows what it prints meanwhile.

    One that runs already is success. Raises click.ClickException with the reason when the start fails.
    """
    folder.make()
    if InstanceLock(folder.lock_file).holder() is not None:
        return _wait_for_record(folder, None)
    log_file = folder.log_file("supervisor")
    rotate(log_file)
    with log_file.open("ab") as log:
        position = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "vap_local", "up", "--state-dir", str(folder.root), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    with log_file.open("rb") as output:
        output.seek(position)
        try:
            return _wait_for_record(folder, process, lambda: click.echo(output.read().decode(), nl=False))
        finally:
            click.echo(output.read().decode(), nl=False)


def _wait_for_record(
    folder: StateFolder, process: subprocess.Popen[bytes] | None, show: Callable[[], None] = lambda: None
) -> PlatformRecord:
    deadline = time.monotonic() + DETACHED_TIMEOUT_S
    while time.monotonic() < deadline:
        show()
        record = PlatformRecord.read(folder.record_file)
        if record is not None and record.ready and (process is None or record.supervisor_pid == process.pid):
            return record
        if process is not None and process.poll() is not None:
            raise click.ClickException(f"the platform did not start; see {folder.logs}")
        if process is None and InstanceLock(folder.lock_file).holder() is None:
            raise click.ClickException(f"the platform has just stopped; see {folder.logs}")
        time.sleep(POLL_S)
    raise click.ClickException(f"the platform is not ready after {DETACHED_TIMEOUT_S:g} s; see {folder.logs}")
