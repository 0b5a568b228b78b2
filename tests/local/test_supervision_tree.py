"""The supervision tree with real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from vap_local.supervision.child import Launch
from vap_local.supervision.errors import NotReadyError, ProcessFailedError
from vap_local.supervision.events import TreeEvent, TreeEventKind
from vap_local.supervision.identity import ProcessIdentity
from vap_local.supervision.ledger import ProcessLedger
from vap_local.supervision.node import Node, Service, Step
from vap_local.supervision.tree import SupervisionTree

SLEEPER = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


class Observed:
    """Events of a tree, to be waited for."""

    def __init__(self) -> None:
        self.events: list[TreeEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: TreeEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def names(self, kind: TreeEventKind) -> list[str]:
        return [event.name for event in self.events if event.kind is kind]

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


def sleeper(tmp_path: Path, name: str, *, needs: tuple[str, ...] = (), stage: int = 0, **more: object) -> Service:
    command = more.pop("command", SLEEPER)
    return Service(
        name,
        lambda: Launch(command, tmp_path / f"{name}.log", dict(os.environ)),  # type: ignore[arg-type]
        needs=needs,
        stop_stage=stage,
        **more,  # type: ignore[arg-type]
    )


async def with_tree(
    nodes: list[Node], ledger: Path, work: Callable[[SupervisionTree, Observed], Awaitable[None]]
) -> Observed:
    observed = Observed()
    tree = SupervisionTree(nodes, ProcessLedger(ledger), observed)
    try:
        await work(tree, observed)
    finally:
        await tree.stop()
    return observed


async def test_nodes_start_after_what_they_need_and_stop_by_stages(tmp_path: Path) -> None:
    async def step() -> None:
        order.append("step")

    order: list[str] = []
    nodes: list[Node] = [
        sleeper(tmp_path, "entry", needs=("step",), stage=0),
        Step("step", step, needs=("backend",)),
        sleeper(tmp_path, "backend", stage=1),
    ]

    async def work(tree: SupervisionTree, observed: Observed) -> None:
        await tree.start()
        assert observed.names(TreeEventKind.READY) == ["backend", "step", "entry"]
        assert ProcessLedger.read(tmp_path / "ledger").keys() == {"backend", "entry"}

    observed = await with_tree(nodes, tmp_path / "ledger", work)
    assert observed.names(TreeEventKind.STOPPED) == ["entry", "backend"]
    assert ProcessLedger.read(tmp_path / "ledger") == {}


async def test_a_service_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async def work(tree: SupervisionTree, observed: Observed) -> None:
        await tree.start()
        first = ProcessLedger.read(tmp_path / "ledger")["victim"]
        os.kill(first.pid, signal.SIGKILL)
        await observed.wait_for(lambda: observed.names(TreeEventKind.RECOVERED) == ["victim"])
        second = ProcessLedger.read(tmp_path / "ledger")["victim"]
        assert second.pid != first.pid
        assert second.is_running()
        assert not first.is_running()

    observed = await with_tree([sleeper(tmp_path, "victim")], tmp_path / "ledger", work)
    died = next(event for event in observed.events if event.kind is TreeEventKind.DIED)
    assert died.detail == "signal 9"


async def test_what_a_dead_service_had_started_does_not_outlive_it(tmp_path: Path) -> None:
    grandchild_file = tmp_path / "grandchild"
    program = (
        "import subprocess, sys, time, pathlib\n"
        "p = subprocess.Popen([sys.executable, '-I', '-S', '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(grandchild_file)!r}).write_text(str(p.pid))\n"
        "time.sleep(600)\n"
    )

    async def grandchild_known() -> bool:
        return grandchild_file.exists() and bool(grandchild_file.read_text())

    service = sleeper(tmp_path, "parent", command=[sys.executable, "-c", program], ready=grandchild_known)

    async def work(tree: SupervisionTree, observed: Observed) -> None:
        await tree.start()
        grandchild = ProcessIdentity.of(int(grandchild_file.read_text()))
        assert grandchild is not None
        os.kill(ProcessLedger.read(tmp_path / "ledger")["parent"].pid, signal.SIGKILL)
        await observed.wait_for(lambda: bool(observed.names(TreeEventKind.DIED)))
        async with asyncio.timeout(5):
            while grandchild.is_running():  # noqa: ASYNC110 - another process's end has no event
                await asyncio.sleep(0.01)

    await with_tree([service], tmp_path / "ledger", work)


async def test_a_service_that_ends_while_starting_fails_the_start_and_shows_its_log(tmp_path: Path) -> None:
    broken = sleeper(
        tmp_path,
        "broken",
        command=[sys.executable, "-c", "raise SystemExit('no such setting')"],
        ready=_never,
    )

    async def work(tree: SupervisionTree, observed: Observed) -> None:
        with pytest.raises(ProcessFailedError, match=r"broken ended with exit code 1(.|\n)*no such setting"):
            await tree.start()

    await with_tree([broken, sleeper(tmp_path, "other")], tmp_path / "ledger", work)


async def test_a_service_that_never_gets_ready_fails_the_start(tmp_path: Path) -> None:
    slow = sleeper(tmp_path, "slow", ready=_never, ready_timeout_s=0.2)

    async def work(tree: SupervisionTree, observed: Observed) -> None:
        with pytest.raises(NotReadyError, match="slow is not ready"):
            await tree.start()

    await with_tree([slow], tmp_path / "ledger", work)


async def test_a_service_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"

    async def deaf() -> bool:
        return "deaf" in (tmp_path / "stubborn.log").read_text()

    stubborn = sleeper(tmp_path, "stubborn", command=[sys.executable, "-c", program], ready=deaf, stop_grace_s=0.2)

    async def work(tree: SupervisionTree, observed: Observed) -> None:
        await tree.start()

    observed = await with_tree([stubborn], tmp_path / "ledger", work)
    assert [event.detail for event in observed.events if event.kind is TreeEventKind.STOPPED] == ["signal 9"]


def test_a_tree_with_an_unknown_need_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        SupervisionTree([sleeper(tmp_path, "a", needs=("b",))], ProcessLedger(tmp_path / "ledger"), print)


async def _never() -> bool:
    return False
