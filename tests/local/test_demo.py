"""What the demo tells, without a platform."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from vap_local.demo.api import Found, SeenFrame, Step
from vap_local.demo.show import PlainShow, history_table, render
from vap_local.demo.story import Story

BEGAN = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
LIFE = (
    ("init_startup", "Queued"),
    ("in_startup_processing", "WorkerAssigned"),
    ("active", "FramesFlowing"),
    ("init_shutdown", "ShutdownRequested"),
    ("in_shutdown_processing", "ShutdownRequested"),
    ("inactive", "ShutdownRequested"),
)


def steps(count: int) -> list[Step]:
    return [
        Step(status=state, reason=reason, at=BEGAN + timedelta(seconds=number), runner="default-x.boot")
        for number, (state, reason) in enumerate(LIFE[:count])
    ]


def frames(first: int, count: int) -> list[SeenFrame]:
    person = Found.model_validate({"class": "person", "confidence": 0.81, "bbox": (1, 2, 30, 40)})
    return [
        SeenFrame(frame_number=number, timestamp=BEGAN + timedelta(seconds=number / 5), detections=(person, person))
        for number in range(first, first + count)
    ]


def a_story() -> Story:
    return Story("uuid", "file:///clip.mp4", BEGAN)


def test_a_story_counts_what_is_new_and_knows_its_end() -> None:
    story = a_story()
    assert story.tell_steps(steps(2)) == steps(2)
    assert story.tell_steps(steps(3)) == steps(3)[2:]
    assert not story.is_over
    story.tell_frames([], 0.1)
    assert story.first_result_after_s is None
    story.tell_frames(frames(1, 10), 0.2)
    story.tell_frames(frames(11, 5), 0.4)
    assert story.first_result_after_s == 0.2
    assert (story.frames, story.objects["person"]) == (15, 30)
    assert abs(story.fps - 5) < 0.01
    story.tell_steps(steps(6))
    assert story.is_over


def shown(story: Story, width: int = 110) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(render(story), history_table(story))
    return out.getvalue()


def test_the_live_table_shows_states_detections_and_rates() -> None:
    story = a_story()
    story.tell_steps(steps(3))
    story.tell_frames(frames(1, 10), 0.137)
    text = shown(story)
    for wanted in ("in_startup_processing", "FramesFlowing", "person", "81%", "1    2   30   40", "137 ms", "frame 10"):
        assert wanted in text


def test_nothing_to_show_yet_is_shown_too() -> None:
    assert "init_startup" in shown(a_story())


def test_a_log_gets_plain_lines_and_not_one_for_each_frame() -> None:
    out = io.StringIO()
    show = PlainShow(Console(file=out, width=200))
    story = a_story()
    with show.running():
        for count in range(1, 31):
            show.update(story, story.tell_steps(steps(min(count, 6))), story.tell_frames(frames(count, 1), 0.1))
    lines = out.getvalue().splitlines()
    assert sum("frame" in line and "person 81%" in line for line in lines) == 3
    assert sum("ShutdownRequested" in line for line in lines) == 3
