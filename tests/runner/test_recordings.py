"""Recordings: from files, and from web servers, in the same way."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.runner.videos import make_video
from vap_common.camera.url import parse_camera_url
from vap_common.messages import AnalysisSettings
from vap_runner.capture.errors import StreamError
from vap_runner.capture.factory import make_source
from vap_runner.capture.source import FrameSource
from vap_runner.capture.stop import StopSignal
from vap_runner.settings import Settings


class Listener:
    def __init__(self) -> None:
        self.errors: list[StreamError] = []
        self.flows = 0

    def source_failed(self, error: StreamError) -> None:
        self.errors.append(error)

    def source_flows(self) -> None:
        self.flows += 1


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The test's folder on the web."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def source(url: str, root: Path, stop: StopSignal, **analysis: object) -> FrameSource:
    settings = Settings(camera_allow_loopback=True, camera_file_roots=str(root))
    return make_source(parse_camera_url(url), AnalysisSettings.model_validate(analysis), settings, Listener(), stop)


def test_a_web_server_s_recording_is_played_like_a_file(tmp_path: Path, web: str) -> None:
    video = make_video(tmp_path / "a.mp4", frames=12, rate=20)
    by_file = source(video.as_uri(), tmp_path, StopSignal(), frame_interval_ms=100)
    by_web = source(f"{web}/a.mp4", tmp_path, StopSignal(), frame_interval_ms=100)
    numbers = [frame.number for frame in by_file.frames()]
    assert numbers == [1, 3, 5, 7, 9, 11]
    assert [frame.number for frame in by_web.frames()] == numbers
    assert by_web.end_message == ""


def test_frames_come_at_the_speed_at_which_they_were_filmed(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=10, rate=10)
    stamps = [frame.captured_at for frame in source(video.as_uri(), tmp_path, StopSignal()).frames()]
    # Between the first and the fifth sampled frame lie 800 ms of film; a slow machine may only be slower.
    assert 0.75 < (stamps[-1] - stamps[0]).total_seconds() < 5


def test_a_restart_keeps_numbers_and_the_sampling_grid(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=5, rate=25)
    stop = StopSignal()
    numbers = []
    for frame in source(video.as_uri(), tmp_path, stop, frame_interval_ms=80, on_stream_end="Restart").frames():
        numbers.append(frame.number)
        if len(numbers) == 8:
            stop.set()
    assert numbers == [1, 3, 5, 7, 9, 11, 13, 15]


def test_a_stop_ends_the_wait_for_the_next_frame(tmp_path: Path) -> None:
    video = make_video(tmp_path / "slow.mp4", frames=3, rate=0.05)
    stop = StopSignal()
    frames = source(video.as_uri(), tmp_path, stop).frames()
    assert next(frames).number == 1
    threading.Timer(0.1, stop.set).start()
    assert list(frames) == []


def test_a_stop_ends_the_wait_for_a_camera(web: str, tmp_path: Path) -> None:
    stop = StopSignal()
    threading.Timer(0.3, stop.set).start()
    assert list(source(f"{web}/none.mp4", tmp_path, stop).frames()) == []
