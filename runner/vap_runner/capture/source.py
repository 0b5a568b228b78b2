from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from vap_common.lifecycle import WorkerErrorType
from vap_runner.capture.errors import StreamError
from vap_runner.capture.frame import Frame


class SourceListener(Protocol):
    """Hears how a source fares. Called from the source's threads; must not block."""

    def source_failed(self, error: StreamError) -> None:
        """The source cannot be read now; unless the error is permanent it is tried again."""
        ...

    def source_flows(self) -> None:
        """Frames come (again)."""
        ...


@dataclass
class CaptureCounters:
    """Cumulative numbers of one source. Each is written by one thread, so reading needs no lock."""

    captured: int = 0
    """Frames decoded; also the number of the newest frame."""
    sampled: int = 0
    """Frames chosen for analysis."""
    dropped: int = 0
    """Sampled frames that a newer one replaced before analysis (live streams only)."""
    errors: dict[WorkerErrorType, int] = field(default_factory=dict)

    def count_error(self, error: StreamError) -> None:
        """One more stream error of its type."""
        self.errors[error.type] = self.errors.get(error.type, 0) + 1


class FrameSource(Protocol):
    """The seam between capture and detection: whoever detects pulls frames here, for one source or for many."""

    @property
    def counters(self) -> CaptureCounters:
        """How much was captured so far."""
        ...

    @property
    def end_message(self) -> str:
        """After the end: what is worth knowing about it, such as that a file was cut off; else empty."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Sampled frames, each as soon as it is due; ends with the source or when a stop is wanted.

        Raises StreamError where going on is in vain.
        """
        ...
