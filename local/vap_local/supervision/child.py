"""One child process: started on a leash, awaited without a thread, ended with a deadline."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vap_local.supervision.identity import ProcessIdentity
from vap_local.supervision.leash import leash


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a process."""

    command: Sequence[str]
    log_file: Path
    """Gets stdout and stderr, appended."""
    environment: Mapping[str, str]
    """All of it: nothing is inherited."""
    folder: Path | None = None
    death_signal: signal.Signals = signal.SIGKILL
    """What it gets when its starter dies without a word."""
    before_exec: Callable[[], None] | None = None
    """Runs in the child before the program does."""


class Child:
    """A running (or ended) child process, leader of its own session and process group.

    Whatever is left of its group when it ends is killed: nothing that it started works beside its successor.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.identity = ProcessIdentity.of(process.pid) or ProcessIdentity(process.pid, "ended")
        self._pidfd = os.pidfd_open(process.pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_exit)

    @classmethod
    def start(cls, launch: Launch) -> "Child":
        """Starts it. Raises OSError when the program cannot be run."""
        launch.log_file.parent.mkdir(parents=True, exist_ok=True)
        with launch.log_file.open("ab") as log:
            process = subprocess.Popen(
                launch.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(launch.environment),
                cwd=launch.folder,
                start_new_session=True,
                # The starter is single-threaded, and the function makes system calls only.
                preexec_fn=leash(launch.death_signal, launch.before_exec),
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id; also that of its group and session."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the number of the signal that ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Waits for its end and returns the exit code."""
        await self._ended.wait()
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, if it still runs."""
        if self.exit_code is None:
            self._process.send_signal(number)

    def kill_group(self) -> None:
        """SIGKILL to it and to all that it started and that did not leave its group, if it still runs."""
        if self.exit_code is None:
            self._kill_group()

    async def stop(self, number: signal.Signals, grace_s: float) -> int:
        """Asks it to end with `number`, kills its group after `grace_s` seconds; returns the exit code."""
        self.send(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.wait()
        self.kill_group()
        return await self.wait()

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        # Before its exit status is taken: until then nobody else can get its number as a group's.
        self._kill_group()
        self._process.wait()
        self._ended.set()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
