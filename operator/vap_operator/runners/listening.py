"""A clock that runs only while heartbeats can be heard: silence counts only then."""

from dataclasses import dataclass, field


@dataclass
class ListeningClock:
    """Counts the seconds during which this process was reading and had read everything there was.

    A broker that is away, a reader that lags or a process that was suspended stops the clock, and when it
    goes on, every runner's silence begins anew: nobody is declared lost for what we did not hear.
    """

    max_gap_s: float = 5.0
    """Confirmations further apart than this mean that listening was interrupted."""
    _total: float = field(default=0.0, init=False)
    _resumed: float = field(default=0.0, init=False)
    _confirmed_at: float | None = field(default=None, init=False)

    def confirm(self, monotonic: float) -> None:
        """Everything that the broker had at this moment has been read and handled."""
        if self._confirmed_at is not None and 0 <= monotonic - self._confirmed_at <= self.max_gap_s:
            self._total += monotonic - self._confirmed_at
        else:
            self._resumed = self._total
        self._confirmed_at = monotonic

    @property
    def now(self) -> float:
        """Seconds listened so far."""
        return self._total

    def silence_since(self, moment: float) -> float:
        """Seconds listened since `moment` (of this clock), or since listening was resumed if that was later."""
        return self._total - max(moment, self._resumed)

    def is_listening(self, monotonic: float) -> bool:
        """Whether the last confirmation is recent."""
        return self._confirmed_at is not None and monotonic - self._confirmed_at <= self.max_gap_s
