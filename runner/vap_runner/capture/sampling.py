from dataclasses import dataclass, field

TOLERANCE = 0.05
"""Share of the interval by which a frame may come early: stamps are rounded, and cameras jitter."""


@dataclass
class SampleGrid:
    """Chooses frames by their time so that the average rate is one per `interval`, whatever the source's rate.

    The first frame is chosen; then the first at or after each multiple of the interval. Times and interval
    are in one unit, and times do not run backwards.
    """

    interval: float
    _due: float | None = field(default=None, init=False)

    def take(self, time: float) -> bool:
        """Whether the frame of that time is one to analyse."""
        if self._due is None:
            self._due = time + self.interval
            return True
        if time < self._due - TOLERANCE * self.interval:
            return False
        self._due += self.interval
        if self._due <= time:  # a gap: go on with the grid, without making up for what was not there
            self._due += (time - self._due) // self.interval * self.interval + self.interval
        return True
