"""Two ways to show the story: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from vap_local.demo.api import Found, SeenFrame, Step
from vap_local.demo.story import Story

SHOWN_DETECTIONS = 9
LINE_EVERY_FRAMES = 10
BAR_WIDTH = 10
_STATE_STYLES = {
    "active": "bold green",
    "inactive": "dim",
    "init_shutdown": "yellow",
    "in_shutdown_processing": "yellow",
}


class Show(Protocol):
    """Shows what is new."""

    def running(self) -> AbstractContextManager[object]:
        """Around the time in which things happen."""

    def update(self, story: Story, steps: Sequence[Step], frames: Sequence[SeenFrame]) -> None:
        """Something may be new: all of it is in `story`, the new parts apart."""


class LiveShow:
    """Redraws one screenful a few times a second."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=False)

    def running(self) -> AbstractContextManager[object]:
        """See `Show`."""
        return self._live

    def update(self, story: Story, steps: Sequence[Step], frames: Sequence[SeenFrame]) -> None:  # noqa: ARG002
        """See `Show`."""
        self._live.update(render(story))


class PlainShow:
    """One line for each step, and now and then one for a frame."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_line_at = 1

    def running(self) -> AbstractContextManager[object]:
        """See `Show`."""
        return nullcontext()

    def update(self, story: Story, steps: Sequence[Step], frames: Sequence[SeenFrame]) -> None:
        """See `Show`."""
        for step in steps:
            self._print(f"  {story.seconds_at(step.at):7.2f} s  {step.status:<22} {step.reason}")
        if frames and story.frames >= self._next_line_at:
            self._next_line_at = story.frames + LINE_EVERY_FRAMES
            frame = frames[-1]
            found = ", ".join(f"{f.class_name} {f.confidence:.0%} at {_box(f)}" for f in frame.detections[:3])
            more = len(frame.detections) - 3
            rest = f" and {more} more" if more > 0 else ""
            moment = story.seconds_at(frame.timestamp)
            self._print(f"  {moment:7.2f} s  frame {frame.frame_number:<16} {found or 'nothing'}{rest}")

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)


def render(story: Story) -> RenderableType:
    """The live screen."""
    head = Text.assemble(
        ("scenario ", "dim"), story.scenario, ("   state ", "dim"),
        (story.state, _STATE_STYLES.get(story.state, "bold cyan")),
    )  # fmt: skip
    first = f"{story.first_result_after_s * 1000:.0f} ms" if story.first_result_after_s is not None else "…"
    foot = Text.assemble(
        ("first result by GET after ", "dim"), (first, "bold"),
        ("   frames ", "dim"), (str(story.frames), "bold"),
        ("   frames/s ", "dim"), (f"{story.fps:.1f}", "bold"),
        ("   detections so far ", "dim"), (_counts(story), "bold"),
    )  # fmt: skip
    body = Columns([steps_table(story), detections_table(story)], padding=(0, 3))
    return Panel(Group(head, Text(), body, Text(), foot), title="VAP demo", border_style="cyan", expand=False)


def steps_table(story: Story) -> Table:
    """Every state with its time."""
    table = Table(title="States", title_justify="left", box=None, pad_edge=False)
    table.add_column("after", justify="right", style="dim")
    table.add_column("state")
    table.add_column("reason", style="dim")
    for step in story.steps:
        style = _STATE_STYLES.get(step.status, "cyan")
        table.add_row(f"{story.seconds_at(step.at):.2f} s", Text(step.status, style=style), step.reason)
    return table


def detections_table(story: Story) -> Table:
    """What was found in the newest frame."""
    number = story.recent[-1].frame_number if story.recent else 0
    title = f"Detections in frame {number}" if number else "Detections"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("class")
    table.add_column("confidence", no_wrap=True)
    table.add_column("box x1 y1 x2 y2", justify="right", no_wrap=True)
    found = story.recent[-1].detections if story.recent else ()
    for one in found[:SHOWN_DETECTIONS]:
        bar = "█" * round(one.confidence * BAR_WIDTH)
        table.add_row(
            Text(one.class_name, style="bold"),
            Text.assemble((f"{one.confidence:4.0%} ", ""), (f"{bar:<{BAR_WIDTH}}", "green")),
            _box(one),
        )
    for _ in range(SHOWN_DETECTIONS - len(found)):
        table.add_row("", "", "")
    return table


def history_table(story: Story) -> Table:
    """For the end: the whole life, with wall-clock times."""
    table = Table(title="History, as GET /api/v1/scenarios/{uuid}/history tells it", title_justify="left")
    for name in ("time (UTC)", "after", "state", "reason", "runner"):
        table.add_column(name, justify="right" if name == "after" else "left")
    for step in story.steps:
        table.add_row(
            f"{step.at:%H:%M:%S}.{step.at.microsecond // 1000:03d}",
            f"{story.seconds_at(step.at):.3f} s",
            step.status,
            step.reason,
            (step.runner or "").partition(".")[0],
        )
    return table


def _box(found: Found) -> str:
    return " ".join(f"{value:4d}" for value in found.bbox)


def _counts(story: Story) -> str:
    return ", ".join(f"{count} × {name}" for name, count in story.objects.most_common(3)) or "nothing"
