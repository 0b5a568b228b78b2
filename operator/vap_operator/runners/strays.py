"""Workers that are reported without a custom resource and epoch that wants them: they are told to stop."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from vap_common.messages import DeployAction, ToDeploy, WorkerReport, WorkerStatus
from vap_common.times import utc_now
from vap_operator.kube.errors import KubeError
from vap_operator.messaging.publisher import Publisher
from vap_operator.metrics import Metrics
from vap_operator.reconcile.lookup import Lookup
from vap_operator.reconcile.reconciler import Reconciler
from vap_operator.reconcile.store import Store
from vap_operator.resources.videoscenario import VideoScenario

log = structlog.get_logger(__name__)

REPEAT_AFTER_S = 10.0
MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class Strays:
    """Never believes its memory: a process that was suspended would stop healthy workers of its successor.

    Before a stop is sent the custom resource is read from the API server. An epoch stands in there before any
    worker hears of it, so a worker that it does not name there and then is a stray.
    """

    store: Store
    lookup: Lookup
    publisher: Publisher
    reconciler: Reconciler
    metrics: Metrics
    _acted_at: dict[tuple[UUID, int], float] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def look_at(self, message: WorkerStatus) -> None:
        """Looks for strays in a heartbeat."""
        for report in message.workers:
            if report.state.is_ended and report.stop_read:
                continue
            if not _belongs(self.store.find(report.scenario_uuid), report):
                self._act(message.runner, report)

    async def stop(self) -> None:
        """Abandons what is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _act(self, runner: str, report: WorkerReport) -> None:
        loop = asyncio.get_running_loop()
        stray = (report.scenario_uuid, report.epoch)
        if loop.time() - self._acted_at.get(stray, float("-inf")) < REPEAT_AFTER_S:
            return
        if len(self._acted_at) >= MAX_REMEMBERED:
            self._acted_at.clear()
        self._acted_at[stray] = loop.time()
        task = loop.create_task(self._verify_and_stop(runner, report))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _verify_and_stop(self, runner: str, report: WorkerReport) -> None:
        try:
            scenario = await self.lookup.read(report.scenario_uuid)
        except KubeError as error:
            log.info("runner.stray_not_verified", scenario_uuid=str(report.scenario_uuid), error=str(error))
            return
        if _belongs(scenario, report):
            return
        placement = scenario.status.placement if scenario is not None else None
        if scenario is not None and placement is not None and placement.epoch > report.epoch:
            # A newer order exists; the runner may have missed it. A stop of the old epoch would replace it.
            self.reconciler.publish_again(scenario.key)
            return
        self.metrics.strays.inc()
        log.warning("runner.stray_stopped", scenario_uuid=str(report.scenario_uuid), runner=runner, epoch=report.epoch)
        stop = ToDeploy(
            scenario_uuid=report.scenario_uuid,
            camera_url="",
            worker_id=report.worker_id,
            action=DeployAction.STOP,
            runner=runner,
            epoch=report.epoch,
            issued_at=utc_now(),
        )
        self.publisher.order(str(report.scenario_uuid), stop, _ignore)


def _belongs(scenario: VideoScenario | None, report: WorkerReport) -> bool:
    """Whether the custom resource wants this worker, or is still waiting for its end."""
    if scenario is None or scenario.status.placement is None:
        return False
    placement = scenario.status.placement
    current = placement.epoch == report.epoch and placement.worker_id == report.worker_id
    # A newer epoch than ours was written by another leader a moment ago: not for us to judge.
    return (current and placement.assigned) or report.epoch > placement.epoch


def _ignore(_delivered: bool) -> None:
    """A stray that still runs is told again with a later heartbeat."""
