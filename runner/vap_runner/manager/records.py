from dataclasses import dataclass, field

from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages import ToDeploy, WorkerError, WorkerReport
from vap_runner.worker.protocol import Progress


@dataclass
class WorkerRecord:
    """One (scenario, epoch) on this runner, from its order until the operator knows its end."""

    order: ToDeploy
    traceparent: str | None
    state: WorkerState = WorkerState.PENDING
    stop_read: bool = False
    pid: int | None = None
    progress: Progress | None = None
    error: WorkerError | None = None
    message: str = ""
    settled_in: int | None = field(default=None)
    """The snapshot that first showed the end together with the stop; once that is heard, the record may go."""

    @property
    def occupies_slot(self) -> bool:
        """Whether it counts against the runner's slots: one that is being ended makes room."""
        return not self.state.is_ended and not self.stop_read

    def apply(self, progress: Progress) -> bool:
        """Takes over a worker's report; whether anything but numbers changed."""
        if self.state.is_ended:
            return False
        changed = (progress.state, progress.error) != (self.state, self.error)
        self.progress = progress
        self.state = progress.state
        self.error = progress.error
        self.message = progress.message
        return changed

    def end(self, state: WorkerState, error: WorkerErrorType | None = None, message: str = "") -> None:
        """The runner itself knows how it ended."""
        self.state = state
        self.error = WorkerError(type=error, message=message) if error is not None else None

    def report(self) -> WorkerReport:
        """For the heartbeat."""
        progress = self.progress
        return WorkerReport(
            worker_id=self.order.worker_id,
            scenario_uuid=self.order.scenario_uuid,
            epoch=self.order.epoch,
            state=self.state,
            stop_read=self.stop_read,
            process_pid=self.pid,
            frames=progress.frames if progress else 0,
            fps=progress.fps if progress and not self.state.is_ended else 0.0,
            last_frame_at=progress.last_frame_at if progress else None,
            error=self.error,
            message=self.message,
        )
