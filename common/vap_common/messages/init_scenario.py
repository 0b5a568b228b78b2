"""`init_scenario`: the api asks the operator to start, stop or show a scenario."""

from enum import StrEnum
from uuid import UUID

from vap_common.messages.analysis import AnalysisSettings
from vap_common.messages.base import Message
from vap_common.times import Timestamp


class InitCommand(StrEnum):
    """What the api wants."""

    STARTUP = "startup"
    """Create the custom resource; one that exists is success. Never changes one."""
    SHUTDOWN = "shutdown"
    """Set desiredState to Inactive; without a custom resource answer inactive/Deleted."""
    SYNC = "sync"
    """Publish the state again. Without a custom resource: create it if `last_epoch` is None, else inactive/Deleted."""


class InitScenario(Message):
    """One request for one scenario. Key: scenario_uuid."""

    scenario_uuid: UUID
    camera_url: str
    """Without userinfo; secrets in the query are masked."""
    camera_url_encrypted: str | None = None
    """The full URL, encrypted, where it came with credentials."""
    command: InitCommand = InitCommand.STARTUP
    name: str | None = None
    analysis: AnalysisSettings = AnalysisSettings()
    last_epoch: int | None = None
    """`sync` only: the newest epoch that the database knows."""
    requested_at: Timestamp
