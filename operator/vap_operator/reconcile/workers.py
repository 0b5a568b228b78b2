"""The tasks that take keys from the queue and reconcile them."""

import asyncio
import time
from dataclasses import dataclass

import structlog

from vap_operator.kube.errors import KubeError, UnavailableError
from vap_operator.metrics import Metrics
from vap_operator.reconcile.reconciler import Reconciler
from vap_operator.reconcile.workqueue import WorkQueue

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class ReconcileWorkers:
    """`concurrency` of them; a pass that fails is tried again after the key's own backoff."""

    queue: WorkQueue
    reconciler: Reconciler
    metrics: Metrics
    concurrency: int

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.concurrency):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            started = time.perf_counter()
            try:
                await self.reconciler.reconcile(key)
            except KubeError as error:
                self.metrics.reconciles.labels("error").inc()
                wait = error.retry_after_s or 0.0 if isinstance(error, UnavailableError) else 0.0
                delay = self.queue.retry(key, wait)
                log.warning("scenario.reconcile_failed", resource=key, error=str(error), retry_in_s=round(delay, 3))
            except Exception:
                # One scenario's trouble must not stop the others; it is logged, counted and tried again.
                self.metrics.reconciles.labels("error").inc()
                delay = self.queue.retry(key)
                log.exception("scenario.reconcile_crashed", resource=key, retry_in_s=round(delay, 3))
            else:
                self.metrics.reconciles.labels("ok").inc()
                self.queue.forget(key)
            finally:
                self.queue.done(key)
                self.metrics.reconcile_seconds.observe(time.perf_counter() - started)
                self.metrics.queue_depth.set(len(self.queue))
