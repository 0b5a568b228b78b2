"""What to look for in a scenario's frames: the settings that travel from REST to the worker."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ClassName = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]

MIN_FRAME_INTERVAL_MS = 16
MAX_FRAME_INTERVAL_MS = 3_600_000


class AnalysisSettings(BaseModel):
    """Detector, sampling and stream-end behaviour of a scenario.

    Whole numbers (percent, milliseconds) because the custom resource holds the same values, and
    Kubernetes objects avoid floats.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    detector: str = "nanodet"
    min_confidence_percent: int = Field(default=50, ge=0, le=100)
    classes: tuple[ClassName, ...] = ()
    """Class names to keep; empty keeps all."""
    frame_interval_ms: int = Field(default=200, ge=MIN_FRAME_INTERVAL_MS, le=MAX_FRAME_INTERVAL_MS)
    """Time between analysed frames, in milliseconds; 200 is 5 frames a second."""
    emit: Literal["All", "OnChange"] = "All"
    on_stream_end: Literal["Complete", "Restart"] = "Complete"


DETECTOR_NAMES = ("nanodet", "motion", "mock", "onnx")
"""The detectors a runner has; the api and the CRD refuse other names, the runner's registry is tested against it."""
