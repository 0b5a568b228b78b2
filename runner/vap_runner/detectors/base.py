from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vap_common.messages import AnalysisSettings, Detection
from vap_runner.capture.frame import Frame
from vap_runner.detectors.errors import UnknownClassError


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """What of a detector's findings one scenario wants."""

    min_confidence: float = 0.5
    """0..1; findings below are dropped before non-maximum suppression."""
    classes: tuple[str, ...] = ()
    """Class names to keep; empty keeps all."""

    @classmethod
    def of(cls, analysis: AnalysisSettings) -> "DetectionOptions":
        """The options in a scenario's settings."""
        return cls(min_confidence=analysis.min_confidence_percent / 100, classes=analysis.classes)


class Detector(Protocol):
    """Finds objects in the frames of one scenario; may keep state between its frames. Used by one thread."""

    def detect(self, frame: Frame) -> list[Detection]:
        """The objects in `frame.image`, best first, with boxes within the frame."""
        ...


class DetectorModel(Protocol):
    """The part of a detector that is costly to load and knows no scenario, so that several may share it."""

    @property
    def name(self) -> str:
        """The name by which scenarios ask for it."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """All classes it may find, in the order of its class numbers."""
        ...

    def warm_up(self) -> None:
        """Do what the first frame would otherwise wait for. Raises DetectorError."""
        ...

    def open(self, options: DetectionOptions) -> Detector:
        """A detector for one scenario. Raises UnknownClassError."""
        ...


def select_classes(class_names: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    """The class numbers of `wanted` (case does not matter), ascending; all of them if it is empty.

    Raises UnknownClassError, because a filter with a typo would silently find nothing for ever.
    """
    if not wanted:
        return tuple(range(len(class_names)))
    numbers = {name.casefold(): number for number, name in enumerate(class_names)}
    unknown = [name for name in wanted if name.casefold() not in numbers]
    if unknown:
        raise UnknownClassError(
            f"the detector has no class {', '.join(map(repr, unknown))}; it has: {', '.join(class_names)}"
        )
    return tuple(sorted({numbers[name.casefold()] for name in wanted}))
