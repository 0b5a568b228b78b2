"""Finds a scenario's custom resource by its uuid, from the API server where that matters."""

from dataclasses import dataclass
from uuid import UUID

from vap_operator.kube.api import KubeApi
from vap_operator.kube.errors import NotFoundError
from vap_operator.kube.resources import VIDEOSCENARIOS
from vap_operator.reconcile.intake import Intake
from vap_operator.reconcile.resync import Resync
from vap_operator.reconcile.store import Store
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.identity import name_for_uuid

LIST_MAX_AGE_S = 5.0


@dataclass(slots=True)
class Lookup:
    """A consistent read by name; for one made with kubectl (found by uid alone) a list, at most every few seconds."""

    api: KubeApi
    store: Store
    intake: Intake
    resync: Resync

    async def read(self, scenario_uuid: UUID) -> VideoScenario | None:
        """As the API server has it now. Raises KubeError."""
        known = self.store.find(scenario_uuid)
        name = known.key if known is not None else name_for_uuid(scenario_uuid)
        try:
            body = await self.api.get(VIDEOSCENARIOS, name)
        except NotFoundError:
            if known is not None:
                self.intake.scenario_gone(known)
        else:
            self.intake.scenario(None, body)
        if self.store.find(scenario_uuid) is None:
            await self.resync.list_scenarios(max_age_s=LIST_MAX_AGE_S)
        return self.store.find(scenario_uuid)
