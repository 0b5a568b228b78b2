"""A platform started by `vap up --detach`, as its user starts it."""

import json
import os
import signal
import subprocess
import sysconfig
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.waiting import wait_for
from vap_local.commands.status import read_status
from vap_local.state.folder import StateFolder
from vap_local.supervision.identity import ProcessIdentity

VAP = str(Path(sysconfig.get_path("scripts")) / "vap")
COMMAND_TIMEOUT_S = 150


@dataclass
class LivePlatform:
    """One instance: its state folder, its working folder, and what `vap status` says."""

    state_dir: Path
    folder: Path
    """Working folder of the processes: videos in it may be used as cameras."""
    options: tuple[str, ...] = ()
    addresses: dict[str, Any] = field(default_factory=dict)

    def vap(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command of `vap` on this instance."""
        done = subprocess.run(
            [VAP, arguments[0], "--state-dir", str(self.state_dir), *arguments[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"vap {arguments[0]} failed:\n{done.stdout}\n{done.stderr}")
        return done

    def up(self) -> str:
        """Starts it; returns what was printed."""
        printed = self.vap("up", "--detach", *self.options).stdout
        self.addresses = self.status()
        return printed

    def down(self) -> None:
        """Stops it."""
        self.vap("down")

    def status(self) -> dict[str, Any]:
        """`vap status --output json`."""
        status: dict[str, Any] = json.loads(self.vap("status", "--output", "json").stdout)
        return status

    def processes(self) -> dict[str, list[int]]:
        """Pids by name, as `vap status` finds them."""
        found: dict[str, list[int]] = defaultdict(list)
        status = read_status(StateFolder(self.state_dir))
        for process in status.processes if status is not None else ():
            found[process.name].append(process.pid)
        return found

    def identities(self) -> list[ProcessIdentity]:
        """Everything that runs now."""
        found = [ProcessIdentity.of(pid) for pids in self.processes().values() for pid in pids]
        return [identity for identity in found if identity is not None]

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Sends a signal to the process of that name; returns its pid."""
        (pid,) = self.processes()[name]
        os.kill(pid, number)
        return pid

    def wait_until_restarted(self, name: str, old_pid: int) -> int:
        """Waits for another process of that name; returns its pid."""

        def other() -> int | None:
            pids = self.processes().get(name, [])
            return pids[0] if pids and pids[0] != old_pid else None

        return wait_for(other, f"the restart of {name}", timeout_s=30, interval_s=0.2)
