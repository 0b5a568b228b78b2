from dataclasses import dataclass

NEVER = float("-inf")


@dataclass
class RunnerLease:
    """When this runner was last known to be heard and to be up to date; all times `time.monotonic()`.

    Times are those at which an exchange began, so that a process that was stopped in between is not
    believed: what it sent before the stop proves nothing about after.
    """

    seconds: float
    heartbeat_at: float = NEVER
    """When the newest acknowledged heartbeat was sent."""
    read_at: float = NEVER
    """When the end of to_deploy was asked for that has been read since."""

    def heartbeat_acknowledged(self, sent_at: float) -> None:
        """The broker has the heartbeat that was sent then."""
        self.heartbeat_at = max(self.heartbeat_at, sent_at)

    def orders_read(self, asked_at: float) -> None:
        """All orders that were there at that time have been obeyed."""
        self.read_at = max(self.read_at, asked_at)

    @property
    def deadline(self) -> float:
        """Until when results may be sent."""
        return min(self.heartbeat_at, self.read_at) + self.seconds
