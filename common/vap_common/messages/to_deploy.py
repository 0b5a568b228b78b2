"""`to_deploy`: the operator tells runners which worker works on a scenario. Compacted; a tombstone ends it."""

from enum import StrEnum
from uuid import UUID

from vap_common.messages.analysis import AnalysisSettings
from vap_common.messages.base import Message
from vap_common.times import Timestamp


class DeployAction(StrEnum):
    """What the named runner shall do."""

    START = "start"
    STOP = "stop"


class ToDeploy(Message):
    """The current order for one scenario. Key: scenario_uuid.

    Orders of a scenario are totally ordered by (epoch, stop after start): see `order`. A runner obeys the
    newest, ignores older ones, and stops its own worker when the newest names another runner or epoch.
    """

    scenario_uuid: UUID
    camera_url: str
    camera_url_encrypted: str | None = None
    worker_id: UUID
    action: DeployAction
    runner: str
    epoch: int
    analysis: AnalysisSettings = AnalysisSettings()
    issued_at: Timestamp

    @property
    def order(self) -> tuple[int, int]:
        """The place of this order among all orders of its scenario."""
        return self.epoch, int(self.action is DeployAction.STOP)
