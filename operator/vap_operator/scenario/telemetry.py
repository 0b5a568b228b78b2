"""Counting frames over all epochs of a scenario."""

from vap_common.messages import Telemetry, WorkerReport
from vap_operator.resources.videoscenario import TelemetryBlock


def current_telemetry(stored: TelemetryBlock | None, worker: WorkerReport | None) -> TelemetryBlock:
    """The stored figures, brought up to date by the current epoch's worker. Frames never count down."""
    block = stored or TelemetryBlock()
    if worker is None:
        return block
    return TelemetryBlock(
        frames_processed=max(block.frames_processed, block.frames_before_epoch + worker.frames),
        frames_before_epoch=block.frames_before_epoch,
        frames_per_second=f"{0.0 if worker.state.is_ended else worker.fps:.1f}",
        last_frame_time=worker.last_frame_at or block.last_frame_time,
    )


def next_epoch(block: TelemetryBlock) -> TelemetryBlock:
    """The figures at the start of another epoch: what was counted so far belongs to earlier ones."""
    return block.model_copy(update={"frames_before_epoch": block.frames_processed, "frames_per_second": "0.0"})


def as_message(block: TelemetryBlock) -> Telemetry:
    """The figures as they travel."""
    return Telemetry(
        frames_processed=block.frames_processed,
        frames_per_second=float(block.frames_per_second),
        last_frame_at=block.last_frame_time,
    )
