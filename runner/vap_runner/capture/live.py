import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from vap_common.backoff import Backoff
from vap_common.lifecycle import WorkerErrorType
from vap_common.times import utc_now
from vap_runner.capture.errors import StreamError
from vap_runner.capture.frame import Frame
from vap_runner.capture.opencv_stream import OpenCvStream, StreamTimeouts
from vap_runner.capture.opener import OpenStream
from vap_runner.capture.recording import RecordingSource
from vap_runner.capture.sampling import SampleGrid
from vap_runner.capture.source import CaptureCounters, SourceListener
from vap_runner.capture.stop import StopSignal

HEALTHY_SECONDS = 10.0
"""A connection that lived this long was good: the next one may come soon again."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits between connections, in seconds."""

    first: float = 0.25
    cap: float = 30.0
    after_auth_failure: float = 300.0
    """Cameras lock accounts after some wrong passwords."""


class LiveSource:
    """A stream that does not wait: a thread drains it all the time, and the newest sampled frame wins.

    A lost connection is made again, with growing waits; frame numbers go on. If a web server turns out to
    hand over a recording, that is played like a file.
    """

    def __init__(
        self,
        opener: OpenStream,
        listener: SourceListener,
        stop: StopSignal,
        *,
        frame_interval_ms: int,
        restart: bool,
        may_be_recording: bool,
        timeouts: StreamTimeouts,
        retry: RetryPolicy,
    ) -> None:
        self._open = opener
        self._listener = listener
        self._stop = stop
        self._may_be_recording = may_be_recording
        self._timeouts = timeouts
        self._retry = retry
        self._grid = SampleGrid(frame_interval_ms / 1000.0)
        self._counters = CaptureCounters()
        self._playback = RecordingSource(
            opener, listener, stop, frame_interval_ms=frame_interval_ms, restart=restart, counters=self._counters
        )
        self._changed = threading.Condition()
        self._slot: Frame | None = None
        self._fatal: StreamError | None = None
        self._recording: OpenCvStream | None = None
        stop.on_set(self._wake)
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def counters(self) -> CaptureCounters:
        """See FrameSource."""
        return self._counters

    @property
    def end_message(self) -> str:
        """See FrameSource."""
        return self._playback.end_message

    def frames(self) -> Iterator[Frame]:
        """See FrameSource."""
        self._thread.start()
        while not self._stop.is_set():
            frame = self._take()
            if frame is not None:
                yield frame
            elif self._fatal is not None:
                raise self._fatal
            elif self._recording is not None:
                yield from self._play_recording(self._recording)
                return

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> Frame | None:
        with self._changed:
            if self._slot is None and self._fatal is None and self._recording is None and not self._stop.is_set():
                self._changed.wait()
            frame, self._slot = self._slot, None
            return frame

    def _play_recording(self, stream: OpenCvStream) -> Iterator[Frame]:
        yield from self._playback.play(stream)
        while not self._stop.is_set() and self._playback.restart:
            yield from self._playback.play(self._open())

    def _run(self) -> None:
        backoff = Backoff(first=self._retry.first, cap=self._retry.cap)
        while not self._stop.is_set():
            connected_at = time.monotonic()
            try:
                stream = self._open()
                if self._may_be_recording and stream.frame_count > 0:
                    self._publish(recording=stream)
                    return
                self._drain(stream)
                return
            except StreamError as error:
                if self._stop.is_set():
                    return
                self._counters.count_error(error)
                if error.permanent:
                    self._publish(fatal=error)
                    return
                self._listener.source_failed(error)
                if time.monotonic() - connected_at > HEALTHY_SECONDS + self._timeouts.read:
                    backoff.reset()
                self._stop.wait(
                    self._retry.after_auth_failure
                    if error.type is WorkerErrorType.AUTH_FAILED
                    else backoff.next_delay()
                )

    def _drain(self, stream: OpenCvStream) -> None:
        """Reads until a stop is wanted. Raises StreamError when the stream fails."""
        frames_before = self._counters.captured
        try:
            while not self._stop.is_set():
                begin = time.monotonic()
                if not stream.grab():
                    raise self._silence(time.monotonic() - begin, flowed=self._counters.captured > frames_before)
                self._counters.captured += 1
                if self._counters.captured == frames_before + 1:
                    self._listener.source_flows()
                if self._grid.take(time.monotonic()):
                    captured_at = utc_now()
                    image = stream.retrieve()
                    if image is not None:
                        self._publish(frame=Frame(image, self._counters.captured, captured_at))
        finally:
            stream.close()

    def _silence(self, waited: float, *, flowed: bool) -> StreamError:
        if waited >= 0.9 * self._timeouts.read:
            return StreamError(
                WorkerErrorType.TIMEOUT, f"the camera sent nothing for {self._timeouts.read:g} s; it is opened again"
            )
        if flowed:
            return StreamError(WorkerErrorType.CONNECTION_FAILED, "the camera ended the stream; it is opened again")
        return StreamError(
            WorkerErrorType.CODEC_UNSUPPORTED,
            "the stream opened, but no frame could be decoded; choose H.264, H.265 or MJPEG on the camera",
        )

    def _publish(
        self, *, frame: Frame | None = None, fatal: StreamError | None = None, recording: OpenCvStream | None = None
    ) -> None:
        with self._changed:
            if frame is not None:
                self._counters.sampled += 1
                if self._slot is not None:
                    self._counters.dropped += 1
                self._slot = frame
            self._fatal = fatal or self._fatal
            self._recording = recording or self._recording
            self._changed.notify_all()
