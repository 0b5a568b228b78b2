"""Takes the Lease, keeps it, and gives it back; tells at any moment whether it is surely held.

Why not the election of the kubernetes package: it measures by the wall clock, in local time, and never gives
the Lease back, so that every clean restart would cost its whole duration.
"""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import AlreadyExistsError, ConflictError, KubeError, NotFoundError
from vap_operator.kube.resources import LEASES
from vap_operator.leadership.record import LeaseRecord, Sighting, build_claim, build_lease
from vap_operator.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """All in seconds. A leader that could not renew for `deadline` ends before another may begin, at `duration`."""

    duration: float = 10.0
    deadline: float = 7.0
    renew: float = 2.0
    retry: float = 1.0
    """How often a standby looks."""

    def __post_init__(self) -> None:
        if not self.renew < self.deadline < self.duration:
            raise ValueError("a Lease needs: time between renewals < deadline < duration")


class Leadership:
    """One candidate. `acquire`, then `keep`, then `release`; `held` may be asked at any time."""

    def __init__(self, api: KubeApi, name: str, identity: str, timing: LeaseTiming, metrics: Metrics) -> None:
        self._api = api
        self._name = name
        self._identity = identity
        self._timing = timing
        self._metrics = metrics
        self._sighting: Sighting | None = None
        self._valid_until = float("-inf")

    def held(self) -> bool:
        """Whether this process surely leads now. False also right after it was frozen for longer than the deadline."""
        return time.monotonic() < self._valid_until

    async def acquire(self) -> None:
        """Waits until this process leads; an API server that is away is waited for."""
        standing_by = False
        while True:
            try:
                if await self._take_if_free():
                    break
            except (KubeError, TimeoutError) as error:
                log.warning("lease.unreadable", error=str(error) or type(error).__name__)
            if not standing_by:
                standing_by = True
                log.info("lease.standby", holder=self._sighting.record.holder if self._sighting else None)
            await asyncio.sleep(self._timing.retry * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret
        self._metrics.leading.set(1)
        log.info("lease.acquired", identity=self._identity)

    async def keep(self) -> str:
        """Renews until the Lease is lost, and returns why. The caller then ends the process."""
        while self.held():
            await asyncio.sleep(self._timing.renew)
            try:
                await self._renew()
            except ConflictError:
                holder = await self._holder()
                if holder is not None and holder != self._identity:
                    return self._lost(f"the Lease is held by {holder or 'nobody'}")
            except NotFoundError:
                return self._lost("the Lease was deleted")
            except (KubeError, TimeoutError) as error:
                log.warning("lease.not_renewed", error=str(error) or type(error).__name__)
        return self._lost(f"the Lease could not be renewed for {self._timing.deadline:g} s")

    async def release(self) -> None:
        """Gives the Lease back where it is held, so that a standby needs not wait for its end. Never raises."""
        if not self.held() or self._sighting is None:
            return
        self._lost("released")
        patch = {
            "metadata": {"resourceVersion": self._sighting.record.resource_version},
            "spec": {"holderIdentity": "", "leaseDurationSeconds": 1},
        }
        try:
            async with asyncio.timeout(self._timing.renew):
                await self._api.merge_patch(LEASES, self._name, patch)
        except (KubeError, TimeoutError) as error:
            log.warning("lease.not_released", error=str(error) or type(error).__name__)

    def _lost(self, why: str) -> str:
        self._valid_until = float("-inf")
        self._metrics.leading.set(0)
        return why

    async def _take_if_free(self) -> bool:
        begin = time.monotonic()
        async with asyncio.timeout(self._timing.deadline / 2):
            try:
                record = LeaseRecord.from_object(await self._api.get(LEASES, self._name))
            except NotFoundError:
                return await self._create(begin)
            self._sighting = (
                Sighting(record, time.monotonic())
                if self._sighting is None
                else self._sighting.follow(record, time.monotonic())
            )
            if not self._sighting.free(time.monotonic()):
                return False
            claim = build_claim(
                self._identity,
                self._timing.duration,
                datetime.now(UTC),
                transitions=record.transitions + 1,
                acquired=True,
            )
            try:
                await self._write(claim, record, begin)
            except ConflictError:
                return False
            return True

    async def _create(self, begin: float) -> bool:
        try:
            body = await self._api.create(
                LEASES, build_lease(self._name, self._identity, self._timing.duration, datetime.now(UTC))
            )
        except AlreadyExistsError:
            return False
        self._written(body, begin)
        return True

    async def _renew(self) -> None:
        assert self._sighting is not None
        record = self._sighting.record
        claim = build_claim(
            self._identity, self._timing.duration, datetime.now(UTC), transitions=record.transitions, acquired=False
        )
        begin = time.monotonic()
        async with asyncio.timeout(self._timing.deadline / 2):
            await self._write(claim, record, begin)

    async def _write(self, claim: dict[str, object], record: LeaseRecord, begin: float) -> None:
        patch = {"metadata": {"resourceVersion": record.resource_version}, "spec": claim}
        self._written(await self._api.merge_patch(LEASES, self._name, patch), begin)

    def _written(self, body: dict[str, object], begin: float) -> None:
        # From before the request: another process counts from when it sees the answer's version, which is later.
        self._sighting = Sighting(LeaseRecord.from_object(body), time.monotonic())
        self._valid_until = begin + self._timing.deadline

    async def _holder(self) -> str | None:
        """Who holds the Lease now; None where that cannot be told. A write of ours whose answer was lost is ours."""
        try:
            async with asyncio.timeout(self._timing.renew):
                record = LeaseRecord.from_object(await self._api.get(LEASES, self._name))
        except NotFoundError:
            return ""
        except (KubeError, TimeoutError):
            return None
        if record.holder == self._identity:
            self._sighting = Sighting(record, time.monotonic())
        return record.holder
