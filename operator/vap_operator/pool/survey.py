"""Collects the facts that a pool is planned from."""

from vap_operator.pool.claims import Claims
from vap_operator.pool.facts import PodFact, PoolFact, RunnerFact
from vap_operator.pool.pods import PodChanges
from vap_operator.reconcile.store import Store
from vap_operator.resources.pod import RunnerPod
from vap_operator.resources.runnerpool import RunnerPool
from vap_operator.runners.fleet import Fleet


class Survey:
    """Reads store, fleet and claims; remembers only since when a pod is empty, and when it was first seen."""

    def __init__(self, store: Store, fleet: Fleet, claims: Claims, changes: PodChanges) -> None:
        self._store = store
        self._fleet = fleet
        self._claims = claims
        self._changes = changes
        self._seen_since: dict[str, float] = {}
        self._empty_since: dict[str, float] = {}

    def pool(self, pool: RunnerPool) -> PoolFact:
        """The pool's wishes."""
        return PoolFact(
            name=pool.metadata.name,
            max_workers=pool.spec.max_workers,
            min_runners=pool.spec.min_runners,
            max_runners=pool.spec.max_runners,
            warm_slots=pool.spec.warm_slots,
            idle_seconds=float(pool.spec.idle_seconds),
            deleting=pool.metadata.deletion_timestamp is not None,
            may_create=self._changes.trouble(pool.metadata.name) is None,
        )

    def pods(self, pool: str, now: float) -> list[PodFact]:
        """The pool's pods, those included that are being created. `now` is monotonic, in seconds."""
        offers = self._claims.offers()
        facts = [self._pod(pod, offers, now) for pod in self._store.pods.values() if pod.pool == pool]
        facts += [
            PodFact(name=name, uid="", age_s=now - since)
            for name, since in self._changes.creating(pool).items()
            if self._store.pods.get(name) is None
        ]
        return facts

    def forget_gone(self) -> None:
        """Drops what is remembered of pods that no longer exist."""
        uids = {pod.metadata.uid for pod in self._store.pods.values()}
        for memory in (self._seen_since, self._empty_since):
            for uid in [uid for uid in memory if uid not in uids]:
                del memory[uid]

    def _pod(self, pod: RunnerPod, offers: dict[str, int], now: float) -> PodFact:
        uid = pod.metadata.uid
        since = self._seen_since.setdefault(uid, now)
        runner = self._runner(pod, offers)
        if runner is None or runner.used or runner.busy:
            self._empty_since.pop(uid, None)
            empty_for = 0.0
        else:
            empty_for = now - self._empty_since.setdefault(uid, now)
        return PodFact(
            name=pod.metadata.name,
            uid=uid,
            age_s=now - since,
            terminating=pod.terminating or self._changes.deleting(uid),
            finished=pod.finished,
            runner=runner,
            empty_for_s=empty_for,
        )

    def _runner(self, pod: RunnerPod, offers: dict[str, int]) -> RunnerFact | None:
        view = self._fleet.in_pod(pod.metadata.name)
        if view is None:
            return None
        name = view.status.runner
        held = sum(1 for key in self._store.keys_on(name) if key not in self._claims)
        return RunnerFact(
            runner=name,
            slots=view.status.slots,
            used=held + offers.get(name, 0),
            busy=any(not report.state.is_ended for report in view.status.workers),
            takes_work=self._fleet.takes_work(name, pod) and not self._changes.deleting(pod.metadata.uid),
            silent_s=self._fleet.silence_s(name),
        )
