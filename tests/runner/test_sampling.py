"""Which frames are analysed, and when; what counts as a change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vap_common.messages import Detection
from vap_runner.capture.pacing import MAX_LAG, Pacer
from vap_runner.capture.sampling import SampleGrid
from vap_runner.worker.change_filter import MAX_SILENCE_SECONDS, ChangeFilter


@pytest.mark.parametrize(
    ("rate", "interval", "expected"),
    [
        (10, 200, 5.0),
        (25, 100, 10.0),
        (30, 33, 30.0),
        (29.97, 200, 5.0),
        (5, 100, 5.0),
        (30, 1000, 1.0),
        (60, 16, 60.0),
    ],
)
def test_the_rate_is_the_wanted_one_or_the_source_s_own(rate: float, interval: int, expected: float) -> None:
    grid = SampleGrid(interval)
    taken = sum(grid.take(number * 1000 / rate) for number in range(round(rate * 60)))
    assert taken / 60 == pytest.approx(expected, rel=0.02)


def test_the_first_frame_is_always_taken() -> None:
    assert SampleGrid(3_600_000).take(123456.0)


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=200), st.floats(16, 5000))
def test_never_more_than_the_wanted_rate(gaps: list[float], interval: float) -> None:
    grid, time, taken = SampleGrid(interval), 0.0, 0
    for gap in gaps:
        time += gap
        taken += grid.take(time)
    assert taken <= time / interval / 0.95 + 2


def test_a_gap_is_not_made_up_for() -> None:
    grid = SampleGrid(100)
    assert grid.take(0)
    assert grid.take(10_000)
    assert not grid.take(10_040)
    assert grid.take(10_100)


def test_a_recording_plays_at_its_own_speed() -> None:
    pacer = Pacer()
    assert pacer.delay(5.0, now=100.0) == 0.0
    assert pacer.delay(5.2, now=100.05) == pytest.approx(0.15)
    assert pacer.delay(5.4, now=100.5) == 0.0
    assert pacer.delay(6.0, now=100.5) == pytest.approx(0.5), "a small delay is caught up"


def test_a_long_delay_ends_in_no_burst() -> None:
    pacer = Pacer()
    pacer.delay(0.0, now=0.0)
    assert pacer.delay(0.2, now=30.0 + MAX_LAG) == 0.0
    assert pacer.delay(0.4, now=30.0 + MAX_LAG) == pytest.approx(0.2)


def seen(name: str, left: int, width: int = 40) -> Detection:
    return Detection(class_name=name, confidence=0.9, bbox=(left, 0, left + width, 100))


def test_only_another_scene_passes_the_change_filter() -> None:
    subject = ChangeFilter()
    assert subject.passes([], 0.0)
    assert not subject.passes([], 1.0)
    assert subject.passes([seen("person", 0)], 2.0)
    assert not subject.passes([seen("person", 2)], 3.0)
    assert subject.passes([seen("person", 30)], 4.0), "it moved"
    assert subject.passes([seen("dog", 30)], 5.0), "it is something else"
    assert subject.passes([seen("dog", 30), seen("dog", 200)], 6.0), "there are two"
    assert not subject.passes([seen("dog", 200), seen("dog", 30)], 7.0), "the order does not matter"


def test_slow_movement_adds_up() -> None:
    subject = ChangeFilter()
    assert [subject.passes([seen("person", left)], 0.0) for left in (0, 3, 6, 9)] == [True, False, False, True]


def test_silence_has_an_end() -> None:
    subject = ChangeFilter()
    assert subject.passes([], 0.0)
    assert not subject.passes([], MAX_SILENCE_SECONDS - 1)
    assert subject.passes([], MAX_SILENCE_SECONDS)
