"""What the other threads of the runner tell the manager."""

from dataclasses import dataclass

from vap_runner.manager.order_book import ReceivedOrder


@dataclass(frozen=True, slots=True)
class Orders:
    """Records of to_deploy, as read."""

    received: tuple[ReceivedOrder, ...]


@dataclass(frozen=True, slots=True)
class OrdersRead:
    """Everything in to_deploy at the time `asked_at` (monotonic) came in Orders before this."""

    asked_at: float


@dataclass(frozen=True, slots=True)
class HeartbeatAcknowledged:
    """The broker has the heartbeat that was sent at `sent_at` (monotonic) with that snapshot."""

    sent_at: float
    version: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no more work; end all workers in order."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Kill what is left and end the manager's thread."""


Command = Orders | OrdersRead | HeartbeatAcknowledged | Drain | Shutdown
