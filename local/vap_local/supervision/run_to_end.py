"""Runs a program that is expected to end by itself, and well."""

import asyncio
import signal
from contextlib import suppress

from vap_local.supervision.child import Child, Launch
from vap_local.supervision.errors import NotReadyError, ProcessFailedError
from vap_local.supervision.log_files import rotate, tail


async def run_to_end(name: str, launch: Launch, timeout_s: float = 60.0) -> None:
    """Runs it. Raises ProcessFailedError for an exit code other than 0, NotReadyError after `timeout_s` seconds."""
    rotate(launch.log_file)
    child = Child.start(launch)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                code = await child.wait()
                if code != 0:
                    raise ProcessFailedError(name, code, launch.log_file, tail(launch.log_file))
                return
        raise NotReadyError(name, timeout_s, launch.log_file, tail(launch.log_file))
    finally:
        if child.exit_code is None:
            await child.stop(signal.SIGKILL, 0)
