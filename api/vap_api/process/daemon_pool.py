"""Threads that never keep a process from ending: a database that hangs must not hang us too."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonPool:
    """Like ThreadPoolExecutor, which waits for its threads when the interpreter ends; this one doesn't."""

    def __init__(self, threads: int, name: str) -> None:
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{index}", daemon=True) for index in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Runs `work` on one of the threads, in the order of submission."""
        future: Future[T] = Future()
        self._work.put((future, lambda: work(*args, **kwargs)))
        return future

    def close(self) -> None:
        """Ends the threads once they are through with what was submitted; does not wait."""
        for _ in self._threads:
            self._work.put(None)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            future, work = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised again where the result is asked for
                future.set_exception(error)
            else:
                future.set_result(result)
            # Not kept until the next item comes: results may be large.
            del item, future, work
