"""The messages between services: the only definition of what travels over Kafka."""

from vap_common.messages.analysis import DETECTOR_NAMES, AnalysisSettings
from vap_common.messages.base import Message, MessageDecodeError, summarise_validation_error
from vap_common.messages.init_scenario import InitCommand, InitScenario
from vap_common.messages.results import Detection, FrameResult
from vap_common.messages.scenario_status import MAX_TRANSITIONS, ScenarioStatus, Telemetry, Transition
from vap_common.messages.to_deploy import DeployAction, ToDeploy
from vap_common.messages.worker_status import WorkerError, WorkerReport, WorkerStatus

__all__ = [
    "DETECTOR_NAMES",
    "MAX_TRANSITIONS",
    "AnalysisSettings",
    "DeployAction",
    "Detection",
    "FrameResult",
    "InitCommand",
    "InitScenario",
    "Message",
    "MessageDecodeError",
    "ScenarioStatus",
    "Telemetry",
    "ToDeploy",
    "Transition",
    "WorkerError",
    "WorkerReport",
    "WorkerStatus",
    "summarise_validation_error",
]
