"""Takes in what Kubernetes says of its objects, and sees who must look at it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from vap_common.messages import summarise_validation_error
from vap_operator.metrics import Metrics
from vap_operator.pool.keeper import PoolKeeper
from vap_operator.reconcile.reconciler import Reconciler
from vap_operator.reconcile.store import Store
from vap_operator.reconcile.workqueue import WorkQueue
from vap_operator.resources.base import JsonObject
from vap_operator.resources.camera_secret import CameraSecret
from vap_operator.resources.pod import RunnerPod
from vap_operator.resources.runnerpool import RunnerPool
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.runners.fleet import pod_of

log = structlog.get_logger(__name__)

Parsed = TypeVar("Parsed", bound=BaseModel)

DELETED = "DELETED"


@dataclass(slots=True)
class Intake:
    """One method per kind; `event` is the watch event's type, None for an object that was listed."""

    store: Store
    queue: WorkQueue
    keeper: PoolKeeper
    reconciler: Reconciler
    metrics: Metrics

    def scenario(self, event: str | None, body: JsonObject) -> None:
        """A VideoScenario was seen."""
        scenario = self._parse(VideoScenario.parse, body, "videoscenarios")
        if scenario is None:
            return
        if event == DELETED:
            self.scenario_gone(scenario)
            return
        known = self.store.scenarios.get(scenario.key)
        if known is not None and known.metadata.uid != scenario.metadata.uid:
            if known.metadata.version_number > scenario.metadata.version_number:
                return
            # Deleted and made again between two events.
            self.scenario_gone(known)
        if self.store.accept_scenario(scenario):
            self.queue.add(scenario.key)

    def scenario_gone(self, scenario: VideoScenario) -> None:
        """A VideoScenario no longer exists."""
        last = self.store.remove_scenario(scenario.key, scenario.metadata.uid)
        if last is not None:
            self.reconciler.forget(scenario.key)
            self.reconciler.on_gone(last)
            self.keeper.wake()

    def pool(self, event: str | None, body: JsonObject) -> None:
        """A RunnerPool was seen."""
        pool = self._parse(RunnerPool.parse, body, "runnerpools")
        if pool is None:
            return
        if event == DELETED:
            self.store.pools.remove(pool.metadata.name, pool.metadata.uid)
            self.keeper.wake()
        elif self.store.pools.accept(pool):
            self.keeper.wake()

    def pod(self, event: str | None, body: JsonObject) -> None:
        """A runner pod was seen."""
        pod = self._parse(RunnerPod.parse, body, "pods")
        if pod is None:
            return
        if event == DELETED:
            self.store.pods.remove(pod.metadata.name, pod.metadata.uid)
            self.keeper.changes.gone(pod.metadata.uid)
        elif not self.store.pods.accept(pod):
            return
        self.keeper.wake()
        for runner in self.store.placed_runners():
            if pod_of(runner) == pod.metadata.name:
                for key in self.store.keys_on(runner):
                    self.queue.add(key)

    def secret(self, event: str | None, body: JsonObject) -> None:
        """A Secret was seen; those that no scenario names are not even parsed."""
        keys = self.store.keys_with_secret(body["metadata"]["name"])
        if not keys:
            return
        secret = self._parse(CameraSecret.parse, body, "secrets")
        if secret is None:
            return
        if event == DELETED:
            self.store.secrets.remove(secret.metadata.name, secret.metadata.uid)
        elif not self.store.secrets.accept(secret):
            return
        for key in keys:
            self.queue.add(key)

    def _parse(self, parse: Callable[[JsonObject], Parsed], body: JsonObject, plural: str) -> Parsed | None:
        try:
            return parse(body)
        except ValidationError as error:
            self.metrics.unreadable_objects.labels(plural).inc()
            log.error(
                "operator.unreadable_object",
                kind=plural,
                name=str(body.get("metadata", {}).get("name")),
                error=summarise_validation_error(error),
            )
            return None
