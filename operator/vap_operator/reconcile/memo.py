"""What this process remembers of a scenario between passes. Nothing in it is needed to be correct after a restart."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vap_operator.scenario.records import Order, StatusIdentity
from vap_operator.scenario.source import SourceFact

Identity = TypeVar("Identity")


@dataclass(slots=True)
class Outgoing(Generic[Identity]):
    """The delivery of one record: what was handed to the producer, and what the broker acknowledged."""

    sent: Identity | None = None
    acknowledged: Identity | None = None
    acknowledged_at: float = 0.0
    """Listening-clock time of the first acknowledgement of that identity."""

    def failed(self, identity: Identity) -> None:
        """The record was not delivered: it counts as not sent, unless another has followed."""
        if self.sent == identity:
            self.sent = None

    def delivered(self, identity: Identity, listening_now: float) -> bool:
        """The record was delivered; whether that is news."""
        if self.acknowledged == identity:
            return False
        self.acknowledged = identity
        self.acknowledged_at = listening_now
        return True


@dataclass(slots=True)
class Memo:
    """Of one scenario (one uid)."""

    uid: str
    order: Outgoing[Order] = field(default_factory=Outgoing)
    status: Outgoing[StatusIdentity] = field(default_factory=Outgoing)
    publications: int = 0
    """Periodic publications so far."""
    status_due: float = 0.0
    """Event-loop time of the next periodic publication."""
    telemetry_due: float = 0.0
    """Event-loop time of the next write of telemetry."""
    written_at: float = float("-inf")
    """Event-loop time of the last status write."""
    source_version: tuple[str, str] | None = None
    source: SourceFact | None = None
    """The resolved source of `source_version` (the Secret's uid and resourceVersion)."""
    settings_of: tuple[int, SourceFact] | None = None
    settings_hash: str = ""
    spec_problem: str | None = None
    """Of the generation and the source in `settings_of`."""
    secret_asked_at: float = float("-inf")
    """Event-loop time of the last read of a Secret that was not there."""
