"""All runners: their newest heartbeats, and which of them are lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vap_common.messages import WorkerReport, WorkerStatus
from vap_operator.resources.pod import RunnerPod
from vap_operator.runners.listening import ListeningClock

REJECTION_PAUSE_S = 3.0
"""How long a runner that refused work for lack of a slot gets no other work."""
MAX_REMEMBERED_LISTINGS = 1000


def pod_of(runner: str) -> str:
    """The pod's name in a runner's name (`pod.bootid`; pod names may hold dots, boot ids do not)."""
    return runner.rpartition(".")[0]


@dataclass(slots=True)
class RunnerView:
    """A runner as of its newest heartbeat."""

    status: WorkerStatus
    heard_at: float
    """Listening-clock time of the newest heartbeat."""
    workers: dict[UUID, WorkerReport]
    """By scenario; of several epochs of one scenario the newest."""
    listed_at: dict[UUID, tuple[int, float]]
    """When each worker was in a heartbeat last: by scenario, its epoch and the listening-clock time."""
    refused_at: float | None = None
    """Listening-clock time of its newest `rejected` report."""


class Fleet:
    """Fed by heartbeats; asked by the reconciler and the pool. Lives on the event loop alone."""

    def __init__(self, clock: ListeningClock, lost_after_s: float) -> None:
        self._clock = clock
        self._lost_after_s = lost_after_s
        self._runners: dict[str, RunnerView] = {}
        self._current_boot: dict[str, str] = {}

    @property
    def clock(self) -> ListeningClock:
        """The clock that silence is measured with."""
        return self._clock

    def heartbeat(self, message: WorkerStatus) -> bool:
        """Takes a heartbeat; False if it is older than what is known (then nothing is learnt from it)."""
        known = self._runners.get(message.runner)
        if known is not None and message.sequence <= known.status.sequence:
            return False
        current = self._current_boot.get(message.pod)
        if current is not None and current != message.runner:
            other = self._runners.get(current)
            if other is not None and other.status.sent_at > message.sent_at:
                return False
        self._current_boot[message.pod] = message.runner
        view = known or RunnerView(status=message, heard_at=0.0, workers={}, listed_at={})
        view.status = message
        view.heard_at = self._clock.now
        workers: dict[UUID, WorkerReport] = {}
        for report in message.workers:
            before = workers.get(report.scenario_uuid)
            if before is None or report.epoch > before.epoch:
                workers[report.scenario_uuid] = report
        view.workers = workers
        view.listed_at |= {uuid: (report.epoch, view.heard_at) for uuid, report in workers.items()}
        if len(view.listed_at) > MAX_REMEMBERED_LISTINGS:
            view.listed_at = {uuid: seen for uuid, seen in view.listed_at.items() if uuid in workers}
        self._runners[message.runner] = view
        return True

    def refused(self, runner: str) -> None:
        """The runner had no slot for a worker: leave it in peace for a moment."""
        view = self._runners.get(runner)
        if view is not None:
            view.refused_at = self._clock.now

    def find(self, runner: str) -> RunnerView | None:
        """The newest view of a runner; None if it was never heard by this process."""
        return self._runners.get(runner)

    def in_pod(self, pod: str) -> RunnerView | None:
        """The runner that runs in a pod now."""
        runner = self._current_boot.get(pod)
        return self._runners.get(runner) if runner is not None else None

    def report(self, runner: str, scenario_uuid: UUID, epoch: int) -> WorkerReport | None:
        """What a runner says of one epoch's worker."""
        view = self._runners.get(runner)
        found = view.workers.get(scenario_uuid) if view is not None else None
        return found if found is not None and found.epoch == epoch else None

    def unlisted_s(self, runner: str, scenario_uuid: UUID, epoch: int, since: float) -> float:
        """Seconds for which the runner has been reporting without that worker, counted from `since` at the earliest."""
        view = self._runners.get(runner)
        if view is None:
            return 0.0
        listed_epoch, listed_at = view.listed_at.get(scenario_uuid, (0, 0.0))
        start = max(since, listed_at) if listed_epoch == epoch else since
        return max(0.0, view.heard_at - start)

    def silence_s(self, runner: str) -> float:
        """Seconds of listening without a heartbeat; for an unknown runner since this process listens."""
        view = self._runners.get(runner)
        return self._clock.silence_since(view.heard_at if view is not None else 0.0)

    def lost(self, runner: str, pod: RunnerPod | None) -> str | None:
        """Why a runner is lost for good, or None. `pod` is its pod as Kubernetes knows it, None if there is none."""
        name = pod_of(runner)
        if pod is None:
            return f"pod {name} is gone"
        if pod.finished:
            return f"pod {name} has ended"
        current = self._current_boot.get(name)
        if current is not None and current != runner:
            return f"the container of pod {name} was restarted"
        view = self._runners.get(runner)
        if view is not None and _ended_after(pod.runner_ended_at, view.status.sent_at):
            return f"the container of pod {name} has ended"
        silence = self.silence_s(runner)
        if silence > self._lost_after_s:
            return f"nothing was heard of pod {name} for {silence:.0f} s"
        return None

    def obeys(self, runner: str, pod: RunnerPod | None) -> bool:
        """Whether it was heard, is neither lost nor draining, and its pod stays."""
        return self._stays(runner, pod) and self.lost(runner, pod) is None

    def takes_work(self, runner: str, pod: RunnerPod | None) -> bool:
        """Whether new workers may be given to it: one that has just refused some is left in peace for a moment."""
        return self.is_willing(runner, pod) and self.lost(runner, pod) is None

    def is_willing(self, runner: str, pod: RunnerPod | None) -> bool:
        """Whether it takes work, for a runner that is known not to be lost."""
        view = self._runners.get(runner)
        refused = view.refused_at if view is not None else None
        if refused is not None and self._clock.now - refused < REJECTION_PAUSE_S:
            return False
        return self._stays(runner, pod)

    def _stays(self, runner: str, pod: RunnerPod | None) -> bool:
        view = self._runners.get(runner)
        return view is not None and not view.status.draining and pod is not None and not pod.terminating

    def forget(self, pods: set[str]) -> None:
        """Drops the runners of pods that no longer exist."""
        for runner in [name for name in self._runners if pod_of(name) not in pods]:
            del self._runners[runner]
        for pod in [name for name in self._current_boot if name not in pods]:
            del self._current_boot[pod]

    def runners(self) -> list[str]:
        """The names of all runners that were heard."""
        return list(self._runners)


def _ended_after(ended: datetime | None, last_sent: datetime) -> bool:
    # The kubelet cuts to whole seconds; a container that was restarted needs longer than that to speak.
    return ended is not None and ended + timedelta(seconds=1) > last_sent
