"""The RunnerPool custom resource, typed. A test holds these models against the CRD file."""

from typing import Any

from vap_operator.resources.base import Condition, JsonObject, Metadata, View


class PoolSpec(View):
    """How many runner pods there may be, and what they look like."""

    max_workers: int = 4
    min_runners: int = 1
    max_runners: int = 3
    warm_slots: int = 1
    idle_seconds: int = 300
    template: JsonObject


class PoolStatus(View):
    """What the pool looks like."""

    observed_generation: int | None = None
    runners: int = 0
    ready_runners: int = 0
    slots: int = 0
    free_slots: int = 0
    scenarios: int = 0
    waiting: int = 0
    selector: str | None = None
    conditions: tuple[Condition, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a merge patch."""
        return self.model_dump(by_alias=True, mode="json", exclude_none=True)


class RunnerPool(View):
    """A set of runner pods."""

    metadata: Metadata
    spec: PoolSpec
    status: PoolStatus = PoolStatus()

    @classmethod
    def parse(cls, body: JsonObject) -> "RunnerPool":
        """The typed view of `body`. Raises pydantic.ValidationError."""
        return cls.model_validate(body)
