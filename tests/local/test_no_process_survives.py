"""Processes end with the one that started them, and leftovers are found by identity and mark only."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import wait_for
from vap_local.supervision.identity import ProcessIdentity
from vap_local.supervision.ledger import ProcessLedger
from vap_local.supervision.leftovers import end_marked, end_recorded

SLEEPER = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]
SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from vap_local.supervision.child import Launch
from vap_local.supervision.ledger import ProcessLedger
from vap_local.supervision.node import Service
from vap_local.supervision.tree import SupervisionTree

async def main(folder):
    command = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]
    node = Service("child", lambda: Launch(command, folder / "child.log", dict(os.environ)))
    await SupervisionTree([node], ProcessLedger(folder / "ledger"), print).start()
    (folder / "ready").touch()
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdout=subprocess.DEVNULL)
    try:
        wait_for((tmp_path / "ready").exists, "the supervisor's start")
        child = ProcessLedger.read(tmp_path / "ledger")["child"]
        assert child.is_running()
    finally:
        supervisor.kill()
        supervisor.wait()
    wait_for(lambda: not child.is_running(), "the child's end", timeout_s=5)


def test_a_recorded_leftover_is_ended_and_a_stranger_with_its_pid_is_not() -> None:
    process = subprocess.Popen(SLEEPER)
    try:
        identity = ProcessIdentity.of(process.pid)
        assert identity is not None
        earlier_owner = ProcessIdentity(process.pid, "another-boot:1")
        assert end_recorded([earlier_owner]) == []
        assert process.poll() is None
        assert end_recorded([identity]) == [process.pid]
        assert process.wait(5) == -signal.SIGINT
    finally:
        process.kill()
        process.wait()


def test_marked_leftovers_are_ended_and_others_are_not() -> None:
    marked = subprocess.Popen(SLEEPER, env=os.environ | {"VAP_TEST_MARK": "this"})
    other = subprocess.Popen(SLEEPER, env=os.environ | {"VAP_TEST_MARK": "that"})
    try:
        wait_for(lambda: ProcessIdentity.of(marked.pid), "the process")
        assert end_marked("VAP_TEST_MARK", "this") == [marked.pid]
        assert marked.wait(5) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (marked, other):
            process.kill()
            process.wait()
