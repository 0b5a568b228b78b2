"""Watches the pods of one namespace and keeps a worker for each."""

import asyncio
from contextlib import suppress

import aiohttp
import structlog

from vap_common.backoff import Backoff
from vap_local.kubeclient.client import JsonObject, KubeClient, resource_path
from vap_local.kubeclient.errors import KubeApiError
from vap_local.kubeclient.follow import Changed, Listed, Removed, follow
from vap_local.pods.host import Host
from vap_local.pods.node import NODE_NAME, register_node
from vap_local.pods.pod import PodWorker

log = structlog.get_logger(__name__)

SHUTDOWN_GRACE_S = 20.0


class PodRunner:
    """Runs until cancelled; then it ends all processes, and leaves the pod objects as they are."""

    def __init__(self, client: KubeClient, host: Host, namespace: str) -> None:
        self._client = client
        self._host = host
        self._namespace = namespace
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.synced = asyncio.Event()
        """Set once the pods were listed."""

    async def run(self) -> None:
        """Follows the pods. Never returns by itself."""
        await self._register()
        async with aiohttp.ClientSession() as session:
            try:
                async for seen in follow(self._client, resource_path("pods", self._namespace)):
                    match seen:
                        case Listed(items):
                            self._forget_missing({pod["metadata"]["uid"] for pod in items})
                            for pod in items:
                                self._take(pod, session)
                            self.synced.set()
                        case Changed(pod):
                            self._take(pod, session)
                        case Removed(pod):
                            self._forget(pod["metadata"]["uid"])
            finally:
                await self._stop_all()

    async def _register(self) -> None:
        backoff = Backoff(0.1, 5.0)
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                try:
                    await register_node(self._client)
                except KubeApiError as problem:
                    log.warning("pods.node_not_registered", problem=str(problem))
                return
            await asyncio.sleep(backoff.next_delay())

    def _take(self, pod: JsonObject, session: aiohttp.ClientSession) -> None:
        uid = pod["metadata"]["uid"]
        if pod["spec"].get("nodeName") not in (None, "", NODE_NAME):
            return
        worker = self._workers.get(uid)
        if worker is not None:
            worker.observe(pod)
            return
        worker = PodWorker(pod, self._client, self._host, session)
        self._workers[uid] = worker
        task = asyncio.create_task(worker.run(), name=pod["metadata"]["name"])
        task.add_done_callback(lambda done: self._done(uid, done))
        self._tasks[uid] = task

    def _forget_missing(self, present: set[str]) -> None:
        for uid in self._workers.keys() - present:
            self._forget(uid)

    def _forget(self, uid: str) -> None:
        worker = self._workers.get(uid)
        if worker is not None:
            worker.removed()

    def _done(self, uid: str, task: asyncio.Task[None]) -> None:
        self._workers.pop(uid, None)
        self._tasks.pop(uid, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("pods.worker_failed", pod=task.get_name(), exc_info=task.exception())

    async def _stop_all(self) -> None:
        tasks = list(self._tasks.values())
        await asyncio.gather(*(worker.stop(SHUTDOWN_GRACE_S) for worker in self._workers.values()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
