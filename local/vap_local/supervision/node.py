"""What a supervision tree is made of: services that run until the end, and steps that run once on the way."""

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from vap_local.supervision.child import Launch

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do once, when what it needs is ready. Raises StartError when it cannot be done."""

    name: str
    run: Callable[[], Awaitable[None]]
    needs: tuple[str, ...] = ()


async def _at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Service:
    """A process that runs until the platform stops, and is started again when it dies."""

    name: str
    launch: Callable[[], Launch]
    needs: tuple[str, ...] = ()
    """Nodes that must have been ready once before its first start."""
    ready: Probe = field(default=_at_once)
    """Asked until it says yes, while the process runs."""
    ready_timeout_s: float = 60.0
    prepare: Callable[[], Awaitable[None]] | None = None
    """Runs before each start."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10.0
    stop_stage: int = 0
    """Stages are stopped one after the other, lowest first; within a stage all at once."""


Node = Step | Service
