import os
from dataclasses import dataclass

import cv2
import numpy as np

from vap_runner.capture.frame import Image

NETWORK_OPTIONS = {
    # UDP loses packets on Wi-Fi cameras and does not pass most container networks.
    "rtsp_transport": "tcp",
    # Show a frame when it is decoded. (fflags nobuffer would be wrong: it throws away what was read while the
    # stream was analysed, and with it the first keyframe.)
    "flags": "low_delay",
    "fpsprobesize": "0",
    # A playlist or redirect of a camera must not lead to local files or to addresses that nobody checked.
    "protocol_whitelist": "tcp,tls,http,https,rtp,rtsp,udp,rtmp,crypto",
    "max_redirects": "0",
}
QUICK_ANALYSIS = {"probesize": "32", "analyzeduration": "0"}
"""For RTSP, whose description names the codec: shows the first frame seconds earlier. Fails where it does not."""
THOROUGH_ANALYSIS = {"analyzeduration": "2000000"}
FILE_OPTIONS = {"protocol_whitelist": "file"}
SILENT = {
    "OPENCV_LOG_LEVEL": "OFF",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_FFMPEG_DEBUG": "0",
    "OPENCV_VIDEOIO_DEBUG": "0",
}
"""Environment of a process that opens streams, to be set before cv2 is imported: FFmpeg prints URLs with passwords."""


@dataclass(frozen=True, slots=True)
class StreamTimeouts:
    """Bounds on one blocking call, in seconds."""

    open: float = 5.0
    read: float = 5.0


class OpenCvStream:
    """One opened stream of OpenCV's FFmpeg backend; for one thread.

    After a failed `grab` only `close` makes sense: `isOpened` keeps saying True after a timeout.
    """

    def __init__(self, source: str, options: dict[str, str], timeouts: StreamTimeouts) -> None:
        """Open `source`, a path or a URL; look at `opened` for success."""
        # OpenCV reads FFmpeg's options from the environment only, at each opening.
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "|".join(f"{name};{value}" for name, value in options.items())
        # The timeouts and the thread count have an effect in the constructor alone.
        self._capture = cv2.VideoCapture(
            source,
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                int(timeouts.open * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                int(timeouts.read * 1000),
                cv2.CAP_PROP_N_THREADS,
                1,
            ],
        )
        self.opened = bool(self._capture.isOpened())

    def grab(self) -> bool:
        """Decode the next frame; False at the end, on errors and after the read timeout."""
        return bool(self._capture.grab())

    def retrieve(self) -> Image | None:
        """The decoded frame (uint8, height x width x 3, BGR), a copy of its own; None if it cannot be converted."""
        ok, image = self._capture.retrieve()
        return np.asarray(image, dtype=np.uint8) if ok and image is not None else None

    @property
    def position_ms(self) -> float:
        """The time stamp of the decoded frame within the stream, in milliseconds."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC))

    @property
    def frame_count(self) -> int:
        """How many frames the container claims to hold; 0 where it does not say, as for live streams."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    @property
    def frames_per_second(self) -> float:
        """The container's nominal rate; 0 where it makes no sense."""
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        return rate if 0.0 < rate <= 1000.0 else 0.0

    def close(self) -> None:
        """Give the connection or file back."""
        self._capture.release()
