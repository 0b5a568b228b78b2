"""What one RunnerPool should do now: a pure function of the facts.

Promises, each held by a property test: no slot is given twice; never more active pods than maxRunners by creation;
first come, first served among those that can be served; the fullest runner with a free slot first; only empty
runners are removed, and only when they were empty for idleSeconds (or the pool is over maxRunners).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from vap_common.lifecycle import StateReason
from vap_operator.pool.facts import ClaimFact, Doomed, Patience, PodFact, PoolCounts, PoolFact, RunnerFact
from vap_operator.scenario.observed import Offer, Verdict, Wait


@dataclass(frozen=True, slots=True)
class Plan:
    """The answers to all claims, and changes to the set of pods."""

    verdicts: dict[str, Verdict]
    creates: int
    deletes: tuple[Doomed, ...]
    counts: PoolCounts
    wake_after_s: float | None
    """When the passing of time alone may change the plan."""


@dataclass(slots=True)
class _Slots:
    """Free slots of the runners that take work, while they are being given away."""

    free: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.free.values())

    def take(self, avoid: str | None) -> str | None:
        """A slot of the fullest runner that has one: emptier ones can become empty, and go."""
        candidates = [(count, runner) for runner, count in self.free.items() if count > 0 and runner != avoid]
        if not candidates:
            return None
        _, runner = min(candidates)
        self.free[runner] -= 1
        return runner


def plan(pool: PoolFact, pods: Sequence[PodFact], claims: Sequence[ClaimFact], patience: Patience) -> Plan:
    """Answers `claims` and sizes the pool. O(pods + claims × ready runners)."""
    active = [pod for pod in pods if pod.active]
    ready = [pod.runner for pod in active if pod.runner is not None and pod.runner.takes_work]
    slots = _Slots({runner.runner: max(0, runner.slots - runner.used) for runner in ready})
    verdicts: dict[str, Verdict] = {}
    waiting: list[ClaimFact] = []
    for claim in sorted(claims):
        runner = slots.take(claim.avoid) if slots.total else None
        if runner is None:
            waiting.append(claim)
        else:
            verdicts[claim.key] = Offer(runner)
    starting = [pod for pod in active if pod.runner is None and pod.age_s < patience.pod_start_s]
    creates = _creates(pool, len(active), len(starting), len(waiting), slots.total)
    coming = (len(starting) + creates) * pool.max_workers + slots.total
    for place, claim in enumerate(waiting):
        verdicts[claim.key] = _wait(pool, active, ready, expected=place < coming)
    deletes, idle_wake = _deletes(pool, active, slots, bool(waiting), patience)
    deletes += [Doomed(pod.name, pod.uid, "finished") for pod in pods if pod.finished and not pod.terminating]
    return Plan(
        verdicts=verdicts,
        creates=creates,
        deletes=tuple(deletes),
        counts=PoolCounts(
            runners=len(active),
            ready_runners=len(ready),
            slots=sum(runner.slots for runner in ready),
            free_slots=slots.total,
            scenarios=sum(pod.runner.used for pod in active if pod.runner is not None) + len(verdicts) - len(waiting),
            waiting=len(waiting),
        ),
        wake_after_s=_earliest(idle_wake, *(patience.pod_start_s - pod.age_s for pod in starting)),
    )


def _creates(pool: PoolFact, active: int, starting: int, waiting: int, free: int) -> int:
    if pool.deleting or not pool.may_create:
        return 0
    missing = waiting + pool.warm_slots - free - starting * pool.max_workers
    wanted = max(math.ceil(missing / pool.max_workers), pool.min_runners - active, 0)
    return max(0, min(wanted, pool.max_runners - active))


def _wait(pool: PoolFact, active: list[PodFact], ready: list[RunnerFact], *, expected: bool) -> Wait:
    if expected:
        return Wait(StateReason.QUEUED, f"a slot in pool {pool.name} is being made ready")
    if not pool.may_create and len(active) < pool.max_runners:
        return Wait(
            StateReason.NO_CAPACITY,
            f"pool {pool.name} cannot create runner pods; see the conditions of its RunnerPool",
        )
    if len(ready) < len(active):
        return Wait(
            StateReason.NO_CAPACITY,
            f"{len(active) - len(ready)} of {len(active)} runner pods of pool {pool.name} take no work, and it may "
            f"have no more than {pool.max_runners}; see kubectl describe pod, or raise its maxRunners",
        )
    slots = sum(runner.slots for runner in ready)
    return Wait(
        StateReason.NO_CAPACITY,
        f"all {slots} slots of pool {pool.name} are taken, and it may have no more than {pool.max_runners} runners; "
        "stop a scenario or raise its maxRunners",
    )


def _deletes(
    pool: PoolFact, active: list[PodFact], slots: _Slots, waiting: bool, patience: Patience
) -> tuple[list[Doomed], float | None]:
    doomed: list[Doomed] = []
    remaining = len(active)
    free = slots.total
    wake: list[float] = []
    empty = []
    for pod in active:
        runner = pod.runner
        if runner is None:
            continue
        if runner.silent_s >= patience.silent_pod_s:
            doomed.append(Doomed(pod.name, pod.uid, "silent"))
            remaining -= 1
        elif not runner.used and not runner.busy and slots.free.get(runner.runner, 0) == runner.slots:
            empty.append((pod, runner))
    # The longest idle first; a runner that was used lately has warm caches.
    for pod, runner in sorted(empty, key=lambda pair: (-pair[0].empty_for_s, pair[0].name)):
        if remaining > pool.max_runners:
            doomed.append(Doomed(pod.name, pod.uid, "the pool has more than maxRunners"))
        elif waiting or remaining <= pool.min_runners or free - runner.slots < pool.warm_slots:
            continue
        elif pod.empty_for_s < pool.idle_seconds:
            wake.append(pool.idle_seconds - pod.empty_for_s)
            continue
        else:
            doomed.append(Doomed(pod.name, pod.uid, "idle"))
        remaining -= 1
        free -= runner.slots
    return doomed, min(wake, default=None)


def _earliest(*moments: float | None) -> float | None:
    return min((moment for moment in moments if moment is not None), default=None)
