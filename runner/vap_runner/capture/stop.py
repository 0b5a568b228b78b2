import threading
from collections.abc import Callable


class StopSignal:
    """An event that also calls whoever waits for something else at that moment."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def on_set(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, once, by the thread that wants the stop."""
        self._callbacks.append(callback)
        if self._event.is_set():
            callback()

    def set(self) -> None:
        """Want the stop."""
        self._event.set()
        for callback in self._callbacks:
            callback()

    def is_set(self) -> bool:
        """Whether a stop is wanted."""
        return self._event.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Sleeps, but not longer than until a stop is wanted; whether it is."""
        return self._event.wait(timeout_s)
