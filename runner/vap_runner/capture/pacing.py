from dataclasses import dataclass, field

MAX_LAG = 1.0
"""Seconds behind real time that are made up for; more is given up, so that an overload ends in no burst."""


@dataclass
class Pacer:
    """Maps times of a recording to the clock, so that it plays as fast as it was filmed. Seconds."""

    _start: float | None = field(default=None, init=False)

    def delay(self, media_time: float, now: float) -> float:
        """How long to wait before the frame of `media_time` is due; 0 for the first and for late ones."""
        if self._start is None:
            self._start = now - media_time
            return 0.0
        due = self._start + media_time
        if now - due > MAX_LAG:
            self._start = now - media_time
            return 0.0
        return max(0.0, due - now)
