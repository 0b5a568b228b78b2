"""The status of a RunnerPool."""

from datetime import datetime

from vap_operator.pool.facts import PoolCounts
from vap_operator.resources.base import with_condition
from vap_operator.resources.names import LABEL_POOL
from vap_operator.resources.runnerpool import PoolStatus, RunnerPool


def build_pool_status(pool: RunnerPool, counts: PoolCounts, trouble: str | None, now: datetime) -> PoolStatus:
    """The status that follows from `counts`; `trouble` is why pods cannot be created."""
    enough = counts.ready_runners >= pool.spec.min_runners
    growing = counts.ready_runners < counts.runners or not enough
    generation = pool.metadata.generation
    conditions = pool.status.conditions
    for type_, status, reason, message in (
        (
            "Ready",
            enough and trouble is None,
            "RunnersReady" if enough and trouble is None else "PodCreationFailed" if trouble else "RunnersStarting",
            trouble or f"{counts.ready_runners} of at least {pool.spec.min_runners} runners take work",
        ),
        ("Reconciling", growing, "RunnersStarting" if growing else "Settled", ""),
        ("Stalled", trouble is not None, "PodCreationFailed" if trouble else "NotStalled", trouble or ""),
    ):
        conditions = with_condition(
            conditions, type_=type_, status=status, reason=reason, message=message, now=now, generation=generation
        )
    return PoolStatus(
        observed_generation=generation,
        runners=counts.runners,
        ready_runners=counts.ready_runners,
        slots=counts.slots,
        free_slots=counts.free_slots,
        scenarios=counts.scenarios,
        waiting=counts.waiting,
        selector=f"{LABEL_POOL}={pool.metadata.name}",
        conditions=conditions,
    )
