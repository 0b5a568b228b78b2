"""The one table of topics: names, partitions, compaction, retention and the message on each."""

from dataclasses import dataclass

from vap_common.messages import FrameResult, InitScenario, Message, ScenarioStatus, ToDeploy, WorkerStatus

DAY_MS = 24 * 3600 * 1000
DEAD_LETTER_SUFFIX = ".dlq"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and what is promised about it. `retention_ms` in milliseconds; None for a compacted topic."""

    name: str
    message: type[Message]
    key: str
    retention_ms: int | None
    partitions: int = 6

    @property
    def compacted(self) -> bool:
        """Whether only the newest record of each key is kept."""
        return self.retention_ms is None

    @property
    def dead_letters(self) -> str:
        """The topic that takes this topic's poison messages."""
        return self.name + DEAD_LETTER_SUFFIX


INIT_SCENARIO = Topic("init_scenario", InitScenario, key="scenario_uuid", retention_ms=7 * DAY_MS)
TO_DEPLOY = Topic("to_deploy", ToDeploy, key="scenario_uuid", retention_ms=None)
WORKER_STATUS = Topic("worker_status", WorkerStatus, key="runner", retention_ms=DAY_MS)
SCENARIO_STATUS = Topic("scenario_status", ScenarioStatus, key="scenario_uuid", retention_ms=7 * DAY_MS)
RESULTS = Topic("results", FrameResult, key="scenario_uuid", retention_ms=3 * DAY_MS)

TOPICS = (INIT_SCENARIO, TO_DEPLOY, WORKER_STATUS, SCENARIO_STATUS, RESULTS)
DEAD_LETTER_RETENTION_MS = 14 * DAY_MS
