"""A queue of keys in the manner of Kubernetes controllers: no key twice at the same time, none forgotten."""

import asyncio
from collections import deque

from vap_common.backoff import Backoff


class WorkQueue:
    """Lives on one event loop.

    A key that is added while it waits is not added again; one that is added while it is worked on is
    worked on once more afterwards. Delayed adds keep only the earliest moment per key. Failures of a key
    back off by themselves, jittered and capped.
    """

    def __init__(self, *, first_retry_s: float = 0.05, max_retry_s: float = 30.0) -> None:
        self._first_retry_s = first_retry_s
        self._max_retry_s = max_retry_s
        self._ready: deque[str] = deque()
        self._dirty: set[str] = set()
        self._processing: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._backoffs: dict[str, Backoff] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, key: str) -> None:
        """The key shall be worked on soon."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._ready.append(key)
            self._wake_one()

    def add_after(self, key: str, delay_s: float) -> None:
        """The key shall be worked on in `delay_s` seconds, or earlier if something else asks for it."""
        loop = asyncio.get_running_loop()
        due = loop.time() + max(0.0, delay_s)
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._fire, key)

    def retry(self, key: str, at_least_s: float = 0.0) -> float:
        """The key failed: it is worked on again after its backoff, which is returned in seconds."""
        backoff = self._backoffs.setdefault(key, Backoff(self._first_retry_s, self._max_retry_s))
        delay = max(at_least_s, backoff.next_delay())
        self.add_after(key, delay)
        return delay

    def forget(self, key: str) -> None:
        """The key succeeded: its next failure starts with a short delay."""
        self._backoffs.pop(key, None)

    async def get(self) -> str:
        """The next key; call `done` with it afterwards."""
        while not self._ready:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()
                raise
        key = self._ready.popleft()
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    def done(self, key: str) -> None:
        """The key is no longer worked on."""
        self._processing.discard(key)
        if key in self._dirty:
            self._ready.append(key)
            self._wake_one()

    def close(self) -> None:
        """Cancels what is delayed."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _fire(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
