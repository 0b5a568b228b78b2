"""What has happened to the demo's scenario so far: plain data, for any way to show it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vap_local.demo.api import SeenFrame, Step

FPS_WINDOW = 25
FINAL = "inactive"


@dataclass
class Story:
    """Grows while the demo runs."""

    scenario: str
    camera_url: str
    asked_at: datetime
    steps: list[Step] = field(default_factory=list)
    recent: list[SeenFrame] = field(default_factory=list)
    frames: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    cursor: str = "first"
    """Where the reading of frames goes on."""
    first_result_after_s: float | None = None
    """From the request to the first result read back by REST."""

    def tell_steps(self, steps: Sequence[Step]) -> list[Step]:
        """Takes the history; returns what is new in it."""
        new = list(steps[len(self.steps) :])
        self.steps += new
        return new

    def tell_frames(self, frames: Iterable[SeenFrame], elapsed_s: float) -> list[SeenFrame]:
        """Takes new frames, read `elapsed_s` seconds after the request; returns them."""
        new = list(frames)
        if new and self.first_result_after_s is None:
            self.first_result_after_s = elapsed_s
        self.frames += len(new)
        self.recent = (self.recent + new)[-FPS_WINDOW:]
        self.objects.update(found.class_name for frame in new for found in frame.detections)
        return new

    @property
    def state(self) -> str:
        """The newest state."""
        return self.steps[-1].status if self.steps else "init_startup"

    @property
    def is_over(self) -> bool:
        """Whether the final state was reached."""
        return self.state == FINAL

    @property
    def fps(self) -> float:
        """Analysed frames per second of capture time, over the last frames."""
        if len(self.recent) < 2:
            return 0.0
        seconds = (self.recent[-1].timestamp - self.recent[0].timestamp).total_seconds()
        return (len(self.recent) - 1) / seconds if seconds > 0 else 0.0

    def seconds_at(self, moment: datetime) -> float:
        """Seconds from the request to `moment`."""
        return (moment - self.asked_at).total_seconds()
