from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.url import CameraUrl
from vap_common.messages import AnalysisSettings
from vap_runner.capture.live import LiveSource, RetryPolicy
from vap_runner.capture.opencv_stream import StreamTimeouts
from vap_runner.capture.opener import FileOpener, NetworkOpener
from vap_runner.capture.recording import RecordingSource
from vap_runner.capture.source import FrameSource, SourceListener
from vap_runner.capture.stop import StopSignal
from vap_runner.settings import Settings


def make_source(
    url: CameraUrl,
    analysis: AnalysisSettings,
    settings: Settings,
    listener: SourceListener,
    stop: StopSignal,
) -> FrameSource:
    """The source for a camera URL: a recording for a file, a live stream for everything else."""
    policy = AddressPolicy.from_settings(settings)
    timeouts = StreamTimeouts(settings.stream_open_timeout_seconds, settings.stream_read_timeout_seconds)
    restart = analysis.on_stream_end == "Restart"
    if url.is_file:
        return RecordingSource(
            FileOpener(url, policy, timeouts),
            listener,
            stop,
            frame_interval_ms=analysis.frame_interval_ms,
            restart=restart,
        )
    return LiveSource(
        NetworkOpener(url, policy, timeouts),
        listener,
        stop,
        frame_interval_ms=analysis.frame_interval_ms,
        restart=restart,
        may_be_recording=url.scheme in ("http", "https"),
        timeouts=timeouts,
        retry=RetryPolicy(cap=settings.stream_retry_max_seconds, after_auth_failure=settings.stream_auth_retry_seconds),
    )
