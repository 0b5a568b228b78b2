"""The supervision tree: starts nodes as soon as what they need is ready, restarts services, stops them by stages."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from vap_common.backoff import Backoff
from vap_local.supervision.child import Child
from vap_local.supervision.errors import NotReadyError, ProcessFailedError, StartError
from vap_local.supervision.events import TreeEvent, TreeEventKind
from vap_local.supervision.ledger import ProcessLedger
from vap_local.supervision.log_files import rotate, tail
from vap_local.supervision.node import Node, Service, Step

PROBE_INTERVAL_S = 0.05
RESTART_FIRST_S = 0.1
RESTART_CAP_S = 10.0
STABLE_AFTER_S = 30.0
"""A service that ran this long starts again without delay; one that dies sooner waits longer each time."""

OnEvent = Callable[[TreeEvent], None]


class SupervisionTree:
    """Runs `nodes` until it is stopped. All of it happens on one event loop and one thread.

    While the tree starts, a service that ends before it was ever ready fails the start. Afterwards nothing
    is given up: a service that dies is started again, at first at once, then with growing delays.
    """

    def __init__(self, nodes: Iterable[Node], ledger: ProcessLedger, on_event: OnEvent) -> None:
        self._nodes = {node.name: node for node in nodes}
        unknown = {need for node in self._nodes.values() for need in node.needs} - self._nodes.keys()
        if unknown:
            raise ValueError(f"a node needs what does not exist: {', '.join(sorted(unknown))}")
        self._ledger = ledger
        self._on_event = on_event
        self._ready = {name: asyncio.Event() for name in self._nodes}
        self._children: dict[str, Child] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Returns when every node was ready once. Raises StartError; call `stop` in any case."""
        self._tasks = {name: asyncio.create_task(self._run(node), name=name) for name, node in self._nodes.items()}
        outcomes = [asyncio.create_task(self._wait_for(self._nodes)), asyncio.create_task(self._first_failure())]
        try:
            await asyncio.wait(outcomes, return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks.values():
                if task.done():
                    task.result()
        finally:
            for outcome in outcomes:
                outcome.cancel()

    async def stop(self) -> None:
        """Ends every service, stage by stage, and waits for each. Idempotent."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        services = [node for node in self._nodes.values() if isinstance(node, Service) and node.name in self._children]
        for stage in sorted({service.stop_stage for service in services}):
            await asyncio.gather(*(self._stop(service) for service in services if service.stop_stage == stage))

    async def _run(self, node: Node) -> None:
        await self._wait_for(node.needs)
        if isinstance(node, Step):
            began = time.monotonic()
            await node.run()
            self._announce_ready(node.name, time.monotonic() - began)
        else:
            await self._keep_running(node)

    async def _keep_running(self, service: Service) -> None:
        backoff = Backoff(RESTART_FIRST_S, RESTART_CAP_S)
        while True:
            began = time.monotonic()
            try:
                detail = describe_exit(await self._run_once(service))
            except (StartError, OSError) as problem:
                if not self._ready[service.name].is_set():
                    raise
                detail = str(problem)
            lived = time.monotonic() - began
            if lived > STABLE_AFTER_S:
                backoff.reset()
            self._on_event(TreeEvent(TreeEventKind.DIED, service.name, lived, detail))
            await asyncio.sleep(backoff.next_delay())

    async def _run_once(self, service: Service) -> int:
        """From one start of the process to its end; returns the exit code."""
        began = time.monotonic()
        if service.prepare is not None:
            await service.prepare()
        launch = service.launch()
        rotate(launch.log_file)
        child = Child.start(launch)
        self._children[service.name] = child
        self._ledger.add(service.name, child.identity)
        if await self._until_ready(service, child):
            self._announce_ready(service.name, time.monotonic() - began)
        elif not self._ready[service.name].is_set():
            lines = tail(launch.log_file)
            if child.exit_code is None:
                raise NotReadyError(service.name, service.ready_timeout_s, launch.log_file, lines)
            raise ProcessFailedError(service.name, child.exit_code, launch.log_file, lines)
        code = await child.wait()
        self._ledger.remove(service.name)
        return code

    async def _until_ready(self, service: Service, child: Child) -> bool:
        """Whether it got ready in time; False also when it ended. A service that was ready once may take for ever."""
        patience = None if self._ready[service.name].is_set() else service.ready_timeout_s
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while child.exit_code is None:
                    if await service.ready():
                        return True
                    with suppress(TimeoutError):
                        async with asyncio.timeout(PROBE_INTERVAL_S):
                            await child.wait()
        return False

    def _announce_ready(self, name: str, seconds: float) -> None:
        kind = TreeEventKind.RECOVERED if self._ready[name].is_set() else TreeEventKind.READY
        self._ready[name].set()
        self._on_event(TreeEvent(kind, name, seconds))

    async def _wait_for(self, names: Iterable[str]) -> None:
        for name in names:
            await self._ready[name].wait()

    async def _first_failure(self) -> None:
        """Returns when some node's task has failed. A step's task that ends well is no failure."""
        waiting = set(self._tasks.values())
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if any(task.exception() is not None for task in done if not task.cancelled()):
                return

    async def _stop(self, service: Service) -> None:
        child = self._children[service.name]
        began = time.monotonic()
        code = await child.stop(service.stop_signal, service.stop_grace_s)
        self._ledger.remove(service.name)
        self._on_event(TreeEvent(TreeEventKind.STOPPED, service.name, time.monotonic() - began, describe_exit(code)))


def describe_exit(code: int) -> str:
    """`exit code 1`, or `signal 9` for a process that a signal ended."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
