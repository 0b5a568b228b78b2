"""The wish to end, as a flag, as something to wait on, and as a file descriptor for select."""

import os
import select
import signal
import threading
from types import FrameType


class StopSignal:
    """Set once, by a signal or by hand. Thread-safe, and safe to set inside a signal handler."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._read_end, self._write_end = os.pipe()

    def on_signals(self) -> None:
        """SIGTERM and SIGINT set it. Call from the main thread."""
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, self._handle)

    def set(self) -> None:
        """Says that it is time to end. Idempotent."""
        if not self._event.is_set():
            self._event.set()
            os.write(self._write_end, b"x")

    def is_set(self) -> bool:
        """Whether it is time to end."""
        return self._event.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits at most so long; returns whether it is time to end."""
        return self._event.wait(timeout_s)

    def wait_for_input(self, descriptor: int, timeout_s: float) -> bool:
        """Waits until `descriptor` has something to read (True), it is time to end, or the time is over."""
        readable, _, _ = select.select([descriptor, self._read_end], [], [], max(0.0, timeout_s))
        return descriptor in readable

    def close(self) -> None:
        """Gives the pipe back."""
        os.close(self._read_end)
        os.close(self._write_end)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.set()
