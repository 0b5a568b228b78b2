"""The VideoScenario custom resource, typed. A test holds these models against the CRD file."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from vap_common.lifecycle import ScenarioState, StateReason
from vap_common.messages import AnalysisSettings
from vap_common.times import Timestamp
from vap_operator.resources.base import Condition, JsonObject, Metadata, View


class SecretRef(View):
    """Where a Secret holds the camera's URL."""

    name: str
    key: str


class Source(View):
    """The camera: exactly one of the two."""

    url: str | None = None
    url_secret_ref: SecretRef | None = None


class Detector(View):
    """What looks at the frames."""

    name: str = "nanodet"
    min_confidence_percent: int = 50
    classes: tuple[str, ...] = ()


class Sampling(View):
    """Which frames are looked at."""

    frame_interval_milliseconds: int = 200


class Results(View):
    """Which results are published."""

    emit: Literal["All", "OnChange"] = "All"


class ScenarioSpec(View):
    """What a person asked for."""

    source: Source
    desired_state: Literal["Active", "Inactive"] = "Active"
    runner_pool_name: str = "default"
    detector: Detector = Detector()
    sampling: Sampling = Sampling()
    results: Results = Results()
    on_stream_end: Literal["Complete", "Restart"] = "Complete"
    ttl_seconds_after_finished: int | None = None

    def analysis(self) -> AnalysisSettings:
        """The settings as they travel to a worker. Raises pydantic.ValidationError (a blank class name)."""
        return AnalysisSettings(
            detector=self.detector.name,
            min_confidence_percent=self.detector.min_confidence_percent,
            classes=self.detector.classes,
            frame_interval_ms=self.sampling.frame_interval_milliseconds,
            emit=self.results.emit,
            on_stream_end=self.on_stream_end,
        )


class Placement(View):
    """The current (or last) epoch: which worker of which runner."""

    runner: str
    worker_id: UUID = Field(alias="workerID")
    epoch: int
    restarts: int = 0
    process_pid: int | None = Field(default=None, alias="processPID")
    assigned: bool = True
    """Whether the runner holds a slot for this epoch."""


class TransitionEntry(View):
    """One move of the lifecycle."""

    sequence: int
    state: ScenarioState
    reason: str
    message: str | None = None
    at: Timestamp
    epoch: int | None = None
    worker_id: UUID | None = Field(default=None, alias="workerID")
    runner: str | None = None


class TelemetryBlock(View):
    """How the analysis goes, refreshed about once a minute."""

    frames_processed: int = 0
    """All epochs."""
    frames_before_epoch: int = 0
    """The part of it that belongs to earlier epochs."""
    frames_per_second: str = "0.0"
    last_frame_time: Timestamp | None = None


class ScenarioStatusBlock(View):
    """What the operator observed and decided."""

    observed_generation: int | None = None
    scenario_uuid: UUID | None = Field(default=None, alias="scenarioUUID")
    state: ScenarioState = ScenarioState.INIT_STARTUP
    reason: str = StateReason.QUEUED.value
    message: str | None = None
    source: str | None = None
    settings_hash: str | None = None
    placement: Placement | None = None
    sequence: int = 0
    finished_at: Timestamp | None = None
    transitions: tuple[TransitionEntry, ...] = ()
    telemetry: TelemetryBlock | None = None
    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type."""
        return next((condition for condition in self.conditions if condition.type == type_), None)

    def to_json(self) -> dict[str, Any]:
        """For a merge patch: absent fields are null, so that they are removed; list items carry no nulls."""
        whole = self.model_dump(by_alias=True, mode="json")
        compact = self.model_dump(by_alias=True, mode="json", exclude_none=True)
        for name in ("transitions", "conditions"):
            whole[name] = compact.get(name, [])
        return whole


class VideoScenario(View):
    """One camera under analysis."""

    metadata: Metadata
    spec: ScenarioSpec
    status: ScenarioStatusBlock = ScenarioStatusBlock()

    @classmethod
    def parse(cls, body: JsonObject) -> "VideoScenario":
        """The typed view of `body`. Raises pydantic.ValidationError."""
        return cls.model_validate(body)

    @property
    def key(self) -> str:
        """Its name: unique in the one namespace that is served."""
        return self.metadata.name

    @property
    def deleting(self) -> bool:
        """Whether somebody deleted it; our finalizer keeps it until the worker has stopped."""
        return self.metadata.deletion_timestamp is not None
