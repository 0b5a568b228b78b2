"""One scenario from its assignment to its end: capture, sample, detect, send."""

import time
from dataclasses import dataclass

import structlog

from vap_common.camera.cipher import CameraUrlCipher, UndecryptableUrlError
from vap_common.camera.errors import CameraUrlError
from vap_common.camera.redaction import redact
from vap_common.camera.url import CameraUrl, parse_camera_url
from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages import FrameResult, ToDeploy, WorkerError
from vap_common.times import utc_now
from vap_runner.capture.errors import StreamError
from vap_runner.capture.factory import make_source
from vap_runner.capture.source import FrameSource
from vap_runner.capture.stop import StopSignal
from vap_runner.detectors.base import DetectionOptions, Detector
from vap_runner.detectors.errors import DetectorError
from vap_runner.detectors.registry import DetectorRegistry
from vap_runner.settings import Settings
from vap_runner.worker.change_filter import ChangeFilter
from vap_runner.worker.protocol import WorkCounters
from vap_runner.worker.reporter import Reporter
from vap_runner.worker.result_sender import ResultSender

log = structlog.get_logger(__name__)

DELIVERY_SECONDS = 600.0
"""A source that ended while the broker is away keeps its worker this long, so that its last results arrive."""
DELIVERY_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Ending:
    """How a scenario's work ended."""

    state: WorkerState
    error: WorkerError | None = None
    message: str = ""


class ScenarioWork:
    """Does the work of one assignment on the thread that calls `run`."""

    def __init__(
        self,
        order: ToDeploy,
        settings: Settings,
        registry: DetectorRegistry,
        sender: ResultSender,
        stop: StopSignal,
    ) -> None:
        self._order = order
        self._settings = settings
        self._registry = registry
        self._sender = sender
        self._stop = stop
        self._changes = ChangeFilter() if order.analysis.emit == "OnChange" else None
        self._source: FrameSource | None = None
        self._analysed = 0
        self._unchanged = 0
        self._inference_seconds = 0.0

    def counters(self) -> WorkCounters:
        """The numbers so far; may be called from any thread."""
        capture = self._source.counters if self._source is not None else None
        return WorkCounters(
            captured=capture.captured if capture else 0,
            sampled=capture.sampled if capture else 0,
            analysed=self._analysed,
            dropped_frames=capture.dropped if capture else 0,
            inference_seconds=self._inference_seconds,
            results_sent=self._sender.sent,
            results_unchanged=self._unchanged,
            results_dropped=self._sender.dropped,
            results_held=self._sender.held,
            stream_errors=dict(capture.errors) if capture else {},
        )

    def run(self, reporter: Reporter) -> Ending:
        """Works until the source ends, fails for good, or a stop is wanted."""
        try:
            url = self._reveal_url()
            detector = self._registry.get(self._order.analysis.detector).open(DetectionOptions.of(self._order.analysis))
            source = make_source(url, self._order.analysis, self._settings, reporter, self._stop)
            self._source = source
            self._analyse(source, detector, reporter)
        except UndecryptableUrlError as error:
            return _failed(WorkerErrorType.CREDENTIALS_UNREADABLE, str(error))
        except CameraUrlError as error:
            return _failed(WorkerErrorType.ADDRESS_REFUSED, str(error))
        except DetectorError as error:
            return _failed(WorkerErrorType.DETECTOR_FAILED, str(error))
        except StreamError as error:
            return _failed(error.type, error.message)
        if self._stop.is_set():
            return Ending(WorkerState.STOPPED)
        self._deliver()
        return Ending(WorkerState.COMPLETED, message=source.end_message)

    def _reveal_url(self) -> CameraUrl:
        token = self._order.camera_url_encrypted
        if token is None:
            return parse_camera_url(self._order.camera_url)
        return parse_camera_url(CameraUrlCipher(self._settings.vap_secret_key).decrypt(token))

    def _analyse(self, source: FrameSource, detector: Detector, reporter: Reporter) -> None:
        order = self._order
        scenario = order.scenario_uuid
        for frame in source.frames():
            begin = time.perf_counter()
            try:
                detections = detector.detect(frame)
            except DetectorError:
                raise
            except Exception as error:
                raise DetectorError(
                    f"{order.analysis.detector} failed on a frame of {frame.image.shape[1]}x{frame.image.shape[0]} "
                    f"pixels: {type(error).__name__}: {redact(str(error))[:300]}"
                ) from error
            seconds = time.perf_counter() - begin
            self._analysed += 1
            self._inference_seconds += seconds
            if self._changes is None or self._changes.passes(detections, time.monotonic()):
                self._sender.send(
                    FrameResult(
                        scenario_uuid=scenario,
                        frame_number=frame.number,
                        detections=tuple(detections),
                        timestamp=frame.captured_at,
                        epoch=order.epoch,
                        worker_id=order.worker_id,
                        width=frame.image.shape[1],
                        height=frame.image.shape[0],
                        detector=order.analysis.detector,
                        inference_ms=round(seconds * 1000, 2),
                        published_at=utc_now(),
                    )
                )
            else:
                self._unchanged += 1
            reporter.frame_analysed(frame.captured_at)

    def _deliver(self) -> None:
        """Waits until the last results are acknowledged."""
        deadline = time.monotonic() + DELIVERY_SECONDS
        while not self._sender.idle and time.monotonic() < deadline:
            self._sender.release()
            if self._stop.wait(DELIVERY_POLL_SECONDS):
                return


def _failed(type_: WorkerErrorType, message: str) -> Ending:
    return Ending(WorkerState.FAILED, WorkerError(type=type_, message=message))
