"""Creating and deleting runner pods, beside the pool's task so that no placement waits for it."""

import asyncio
import time
from collections.abc import Coroutine

import structlog

from vap_common.backoff import Backoff
from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import (
    AlreadyExistsError,
    ConflictError,
    KubeError,
    NotFoundError,
    RefusedError,
)
from vap_operator.kube.resources import PODS
from vap_operator.pool.facts import Doomed
from vap_operator.pool.podspec import NoRunnerContainerError, build_pod, new_pod_name
from vap_operator.reconcile.store import Store
from vap_operator.resources.base import JsonObject
from vap_operator.resources.names import LABEL_POOL
from vap_operator.resources.pod import RunnerPod
from vap_operator.resources.runnerpool import RunnerPool

log = structlog.get_logger(__name__)

CREATE_TRIES = 4
PARALLEL_REQUESTS = 16
LIST_IS_FRESH_S = 2.0


class PodChanges:
    """Changes that are on their way. A pod's name is chosen before the request: a repeated one makes no second pod."""

    def __init__(self, api: KubeApi, store: Store, wake: asyncio.Event) -> None:
        self._api = api
        self._store = store
        self._wake = wake
        self._creating: dict[str, tuple[str, float]] = {}
        self._deleting: set[str] = set()
        self._trouble: dict[str, tuple[str, float]] = {}
        self._backoffs: dict[str, Backoff] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listing = False
        self._listed_at = float("-inf")
        self._limit = asyncio.Semaphore(PARALLEL_REQUESTS)

    def creating(self, pool: str) -> dict[str, float]:
        """Names of pods that are being created, and since when (monotonic)."""
        return {name: since for name, (of_pool, since) in self._creating.items() if of_pool == pool}

    def deleting(self, uid: str) -> bool:
        """Whether this process has decided to delete that pod."""
        return uid in self._deleting

    def trouble(self, pool: str) -> str | None:
        """Why the pool's pods cannot be created at the moment."""
        found = self._trouble.get(pool)
        return found[0] if found is not None and time.monotonic() < found[1] else None

    def last_trouble(self, pool: str) -> str | None:
        """The same, kept until a pod could be created."""
        found = self._trouble.get(pool)
        return found[0] if found is not None else None

    def is_fresh(self) -> bool:
        """Whether the pods were listed just now; if not, that is begun, and the pool's task woken after it.

        Watching may miss things: nothing is created or deleted on its word alone.
        """
        if time.monotonic() - self._listed_at < LIST_IS_FRESH_S:
            return True
        if not self._listing:
            self._listing = True
            self._spawn(self._list())
        return False

    def create(self, pool: RunnerPool, count: int) -> None:
        """Begins to create `count` pods."""
        for _ in range(count):
            name = new_pod_name(pool.metadata.name)
            self._creating[name] = (pool.metadata.name, time.monotonic())
            self._spawn(self._create(pool, name))

    def delete(self, doomed: Doomed) -> None:
        """Begins to delete a pod."""
        if doomed.uid and doomed.uid not in self._deleting:
            self._deleting.add(doomed.uid)
            self._spawn(self._delete(doomed))

    def gone(self, uid: str) -> None:
        """The pod no longer exists."""
        self._deleting.discard(uid)

    async def stop(self) -> None:
        """Abandons what is on its way; a later process finds out by listing."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def refresh(self) -> None:
        """Lists the pods of all pools: the store is then as true as the API server. Raises KubeError."""
        before = self._store.pods.uids()
        listed = [RunnerPod.parse(body) for body in await self._api.list(PODS, label_selector=LABEL_POOL)]
        for pod in listed:
            self._store.pods.accept(pod)
        for pod in self._store.pods.missing_from(listed, before):
            self._store.pods.remove(pod.metadata.name, pod.metadata.uid)
            self.gone(pod.metadata.uid)
        self._listed_at = time.monotonic()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _list(self) -> None:
        try:
            await self.refresh()
        except KubeError as error:
            log.warning("operator.pods_not_listed", error=str(error))
            await asyncio.sleep(1.0)
        finally:
            self._listing = False

    async def _create(self, pool: RunnerPool, name: str) -> None:
        try:
            body = build_pod(pool, name)
            async with self._limit:
                answer = await self._create_once(body, name)
            self._store.pods.accept(RunnerPod.parse(answer))
            self._trouble.pop(pool.metadata.name, None)
            self._backoffs.pop(pool.metadata.name, None)
            log.info("operator.pod_created", pool=pool.metadata.name, pod=name)
        except (KubeError, NoRunnerContainerError) as error:
            backoff = self._backoffs.setdefault(pool.metadata.name, Backoff(first=1.0, cap=60.0))
            pause = backoff.next_delay()
            text = error.message if isinstance(error, RefusedError) else str(error)
            self._trouble[pool.metadata.name] = (text, time.monotonic() + pause)
            asyncio.get_running_loop().call_later(pause, self._wake.set)
            log.warning("operator.pod_not_created", pool=pool.metadata.name, error=str(error), retry_in_s=pause)
        finally:
            self._creating.pop(name, None)

    async def _create_once(self, body: JsonObject, name: str) -> JsonObject:
        """Creates the pod also where an answer was lost on the way. Raises KubeError."""
        backoff = Backoff(first=0.2, cap=2.0)
        for tries_left in range(CREATE_TRIES - 1, -1, -1):
            try:
                return await self._api.create(PODS, body)
            except AlreadyExistsError:
                return await self._api.get(PODS, name)
            except RefusedError:
                raise
            except KubeError:
                if not tries_left:
                    raise
                await asyncio.sleep(backoff.next_delay())
        raise AssertionError("unreachable")

    async def _delete(self, doomed: Doomed) -> None:
        try:
            async with self._limit:
                await self._api.delete(PODS, doomed.name, uid=doomed.uid)
            log.info("operator.pod_deleted", pod=doomed.name, why=doomed.why)
        except (NotFoundError, ConflictError):
            self._store.pods.remove(doomed.name, doomed.uid)
            self.gone(doomed.uid)
        except KubeError as error:
            log.warning("operator.pod_not_deleted", pod=doomed.name, error=str(error))
            await asyncio.sleep(1.0)
            self._deleting.discard(doomed.uid)
