"""Gathers the facts about one scenario."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from vap_common.messages import WorkerReport, summarise_validation_error
from vap_common.times import utc_now
from vap_operator.pool.claims import Claims
from vap_operator.reconcile.memo import Memo
from vap_operator.reconcile.publishing import ScenarioPublisher
from vap_operator.reconcile.sources import Sources
from vap_operator.reconcile.store import Store
from vap_operator.resources.videoscenario import Placement, VideoScenario
from vap_operator.runners.fleet import Fleet, pod_of
from vap_operator.scenario.identity import scenario_uuid
from vap_operator.scenario.observed import Observed, Offer, Verdict
from vap_operator.scenario.records import wanted_order
from vap_operator.scenario.settings_hash import settings_hash
from vap_operator.scenario.source import SourceFact, UsableSource


@dataclass(slots=True)
class Observer:
    """Reads; changes nothing but caches."""

    store: Store
    fleet: Fleet
    claims: Claims
    sources: Sources
    publishing: ScenarioPublisher
    deletion_grace_s: float

    async def observe(self, scenario: VideoScenario, memo: Memo, now: float) -> Observed:
        """The facts at this moment (`now`: event-loop time). Raises KubeError where a Secret could not be read."""
        source = await self.sources.find(scenario, memo)
        _remember_settings(memo, scenario, source)
        placement = scenario.status.placement
        moment = utc_now()
        deleted = scenario.metadata.deletion_timestamp
        return Observed(
            scenario=scenario,
            now=moment,
            source=source,
            spec_problem=memo.spec_problem,
            settings_hash=memo.settings_hash,
            verdict=self._verdict(scenario.key),
            worker=self._worker(scenario, placement),
            runner_lost=self._lost(placement),
            runner_listens=placement is not None and self._listens(placement.runner),
            unlisted_s=self._unlisted_s(scenario, memo, placement),
            stop_published=self.publishing.stop_delivered(scenario, memo),
            deletion_grace_over=deleted is not None and moment - deleted > timedelta(seconds=self.deletion_grace_s),
            telemetry_due=now >= memo.telemetry_due,
        )

    def _verdict(self, key: str) -> Verdict | None:
        verdict = self.claims.verdict(key)
        if isinstance(verdict, Offer) and not self._takes_work(verdict.runner):
            return None
        return verdict

    def _takes_work(self, runner: str) -> bool:
        return self.fleet.takes_work(runner, self.store.pods.get(pod_of(runner)))

    def _listens(self, runner: str) -> bool:
        return self.fleet.obeys(runner, self.store.pods.get(pod_of(runner)))

    def _lost(self, placement: Placement | None) -> str | None:
        if placement is None or not placement.assigned:
            return None
        return self.fleet.lost(placement.runner, self.store.pods.get(pod_of(placement.runner)))

    def _worker(self, scenario: VideoScenario, placement: Placement | None) -> WorkerReport | None:
        if placement is None or not placement.assigned:
            return None
        report = self.fleet.report(placement.runner, scenario_uuid(scenario.metadata), placement.epoch)
        return report if report is not None and report.worker_id == placement.worker_id else None

    def _unlisted_s(self, scenario: VideoScenario, memo: Memo, placement: Placement | None) -> float:
        order = wanted_order(scenario.status)
        if placement is None or order is None or memo.order.acknowledged != order:
            return 0.0
        return self.fleet.unlisted_s(
            placement.runner, scenario_uuid(scenario.metadata), placement.epoch, memo.order.acknowledged_at
        )


def _remember_settings(memo: Memo, scenario: VideoScenario, source: SourceFact) -> None:
    """Checks and hashes the settings once per generation and source."""
    version = (scenario.metadata.generation, source)
    if memo.settings_of is not None and memo.settings_of[0] == version[0] and memo.settings_of[1] is source:
        return
    memo.settings_of, memo.settings_hash, memo.spec_problem = version, "", None
    try:
        analysis = scenario.spec.analysis()
    except ValidationError as error:
        memo.spec_problem = f"spec: {summarise_validation_error(error)}"
    else:
        if isinstance(source, UsableSource):
            memo.settings_hash = settings_hash(analysis, source.fingerprint)
