"""One pod: assigned to the local node, run, reported, and ended when its object is deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import structlog

from vap_common.backoff import Backoff
from vap_local.kubeclient.client import JsonObject, KubeClient, resource_path
from vap_local.kubeclient.errors import KubeApiError
from vap_local.pods.container import Container
from vap_local.pods.host import Host
from vap_local.pods.node import NODE_NAME
from vap_local.pods.references import decode_data
from vap_local.pods.report import kube_time
from vap_local.pods.status import is_over, pod_status, recover_report

log = structlog.get_logger(__name__)

T = TypeVar("T")
DEFAULT_GRACE_S = 30.0


class PodGoneError(RuntimeError):
    """The object is deleted, or another one has its name now."""


class PodWorker:
    """Brings one pod from its creation to its final deletion. `observe` and `removed` come from the watch."""

    def __init__(self, pod: JsonObject, client: KubeClient, host: Host, session: aiohttp.ClientSession) -> None:
        self._pod = pod
        self._client = client
        self._host = host
        self._dirty = asyncio.Event()
        self._deleted = asyncio.Event()
        self._gone = asyncio.Event()
        self._started_at = str((pod.get("status") or {}).get("startTime") or kube_time())
        metadata = pod["metadata"]
        self._path = resource_path("pods", metadata["namespace"], metadata["name"])
        self._log = log.bind(pod=metadata["name"])
        self._containers = [
            Container(pod, spec, recover_report(spec, pod), host, self._load, session, self._dirty.set)
            for spec in pod["spec"]["containers"]
        ]
        self.observe(pod)

    def observe(self, pod: JsonObject) -> None:
        """The object changed."""
        self._pod = pod
        if "deletionTimestamp" in pod["metadata"]:
            self._deleted.set()

    def removed(self) -> None:
        """The object is gone, by force if the pod still runs: its processes end at once."""
        self._gone.set()
        self._deleted.set()
        for container in self._containers:
            container.kill()

    async def run(self) -> None:
        """Returns when nothing is left of the pod, or, for one that ran to its end, when it is deleted."""
        if not self._deleted.is_set() and not is_over(self._pod):
            await self._bind()
            for container in self._containers:
                container.start()
        reporting = asyncio.create_task(self._report_for_ever())
        try:
            await self._deleted.wait()
            grace = self._pod["metadata"].get("deletionGracePeriodSeconds")
            await self.stop(float(DEFAULT_GRACE_S if grace is None else grace), for_good=True)
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)
        if not self._gone.is_set():
            await self._finish()

    async def stop(self, grace_s: float, *, for_good: bool = False) -> None:
        """Ends the processes; the object stays, and unless `for_good` a later pod runner starts them again."""
        await asyncio.gather(*(container.stop(grace_s, for_good=for_good) for container in self._containers))

    async def _bind(self) -> None:
        """Names the node in the pod, as a scheduler does: the deletion of a pod without one waits for nobody."""
        if self._pod["spec"].get("nodeName"):
            return
        metadata = self._pod["metadata"]
        binding: JsonObject = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE_NAME},
        }
        try:
            await self._insist(lambda: self._client.create(f"{self._path}/binding", binding))
        except (PodGoneError, KubeApiError) as problem:
            # Gone, or bound already: the watch tells.
            self._log.info("pod.not_bound", problem=str(problem))

    async def _report_for_ever(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._insist(self._publish)
            except PodGoneError:
                return

    async def _publish(self) -> None:
        reports = [container.report for container in self._containers]
        status = pod_status(self._pod, reports, self._started_at, kube_time())
        patch = {"metadata": {"uid": self._pod["metadata"]["uid"]}, "status": status}
        self._pod = await self._client.merge(f"{self._path}/status", patch)

    async def _finish(self) -> None:
        """The last status, then the object goes for good."""
        try:
            if self._dirty.is_set() or not is_over(self._pod):
                await self._insist(self._publish)
            uid = self._pod["metadata"]["uid"]
            await self._insist(lambda: self._client.delete(self._path, uid=uid, grace_s=0))
        except PodGoneError:
            pass
        self._log.info("pod.deleted")

    async def _load(self, kind: str, name: str) -> dict[str, str] | None:
        path = resource_path(kind, self._pod["metadata"]["namespace"], name)
        try:
            return decode_data(kind, await self._insist(lambda: self._client.get(path)))
        except PodGoneError:
            return None

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Tries until the server answers. Raises PodGoneError where it says that there is no such object."""
        backoff = Backoff(0.1, 5.0)
        while True:
            try:
                return await call()
            except KubeApiError as problem:
                if problem.is_not_found or problem.is_conflict:
                    raise PodGoneError(str(problem)) from None
                self._log.warning("pod.request_refused", problem=str(problem))
            except (aiohttp.ClientError, TimeoutError) as problem:
                self._log.warning("pod.request_failed", error=type(problem).__name__)
            await asyncio.sleep(backoff.next_delay())
