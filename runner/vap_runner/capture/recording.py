import time
from collections.abc import Iterator

from vap_common.lifecycle import WorkerErrorType
from vap_common.times import utc_now
from vap_runner.capture.errors import StreamError
from vap_runner.capture.frame import Frame
from vap_runner.capture.opencv_stream import OpenCvStream
from vap_runner.capture.opener import OpenStream
from vap_runner.capture.pacing import Pacer
from vap_runner.capture.sampling import SampleGrid
from vap_runner.capture.source import CaptureCounters, SourceListener
from vap_runner.capture.stop import StopSignal

DEFAULT_RATE = 25.0
"""Frames per second of a recording that does not say."""
CUT_OFF_SECONDS = 1.0
CUT_OFF_SHARE = 0.02
"""A recording that ends earlier than it claims by more than both of these was cut off."""


class RecordingSource:
    """Plays a recording at its own speed: sampled by its own time stamps, no sampled frame dropped.

    With `restart` it begins again at its end; frame numbers and the sampling grid go on.
    """

    def __init__(
        self,
        opener: OpenStream,
        listener: SourceListener,
        stop: StopSignal,
        *,
        frame_interval_ms: int,
        restart: bool,
        counters: CaptureCounters | None = None,
    ) -> None:
        self._open = opener
        self._listener = listener
        self._stop = stop
        self.restart = restart
        """Whether it begins again at its end."""
        self._grid = SampleGrid(frame_interval_ms)
        self._pacer = Pacer()
        self._counters = counters or CaptureCounters()
        self._end_message = ""
        self._clock_ms = 0.0
        """Where the current pass begins, in milliseconds of all passes together."""

    @property
    def counters(self) -> CaptureCounters:
        """See FrameSource."""
        return self._counters

    @property
    def end_message(self) -> str:
        """See FrameSource."""
        return self._end_message

    def frames(self) -> Iterator[Frame]:
        """See FrameSource."""
        try:
            yield from self.play(self._open())
            while self.restart and not self._stop.is_set():
                yield from self.play(self._open())
        except StreamError as error:
            self._counters.count_error(error)
            raise

    def play(self, stream: OpenCvStream) -> Iterator[Frame]:
        """One pass over an opened stream, which is closed at the end. Raises StreamError if it holds no frame."""
        before = self._counters.captured
        try:
            yield from self._pass(stream)
        finally:
            stream.close()
        if self._counters.captured == before and not self._stop.is_set():
            raise StreamError(
                WorkerErrorType.CODEC_UNSUPPORTED,
                "the recording holds no frame that can be decoded; it may be cut off, or its codec is not supported",
                permanent=True,
            )

    def _pass(self, stream: OpenCvStream) -> Iterator[Frame]:
        frame_ms = 1000.0 / (stream.frames_per_second or DEFAULT_RATE)
        claimed_ms = stream.frame_count * frame_ms
        first_ms: float | None = None
        position_ms = -frame_ms
        while not self._stop.is_set() and stream.grab():
            self._counters.captured += 1
            if first_ms is None:
                first_ms = stream.position_ms
                self._listener.source_flows()
            # Stamps that stand still or run back (broken containers) are replaced by the nominal rate.
            stamped = stream.position_ms - first_ms
            position_ms = stamped if stamped > position_ms else position_ms + frame_ms
            media_ms = self._clock_ms + position_ms
            if not self._grid.take(media_ms):
                continue
            self._stop.wait(self._pacer.delay(media_ms / 1000.0, time.monotonic()))
            image = None if self._stop.is_set() else stream.retrieve()
            if image is not None:
                self._counters.sampled += 1
                yield Frame(image, self._counters.captured, utc_now())
        played_ms = position_ms + frame_ms
        self._clock_ms += played_ms
        if not self._stop.is_set() and claimed_ms - played_ms > max(CUT_OFF_SECONDS * 1000, CUT_OFF_SHARE * claimed_ms):
            self._end_message = (
                f"the recording is cut off or damaged: it ended after {played_ms / 1000:.1f} s "
                f"of {claimed_ms / 1000:.1f} s"
            )
