"""What a supervision tree tells about itself while it works."""

from dataclasses import dataclass
from enum import StrEnum


class TreeEventKind(StrEnum):
    """The kinds of things that happen in a tree."""

    READY = "ready"
    """A service answers, or a step is done, for the first time."""
    DIED = "died"
    """A service ended by itself."""
    RECOVERED = "recovered"
    """A service that died answers again."""
    STOPPED = "stopped"
    """A service was stopped."""


@dataclass(frozen=True, slots=True)
class TreeEvent:
    """One thing that happened."""

    kind: TreeEventKind
    name: str
    seconds: float
    """Since the start of the node, of its restart, or of the stop."""
    detail: str = ""
