"""What every view has in common."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from vap_common.times import Timestamp

JsonObject = dict[str, Any]
"""A Kubernetes object as the API speaks it."""


class View(BaseModel):
    """An immutable view of (a part of) an object; unknown fields are ignored, names are camelCase outside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class OwnerReference(View):
    """The object that this one belongs to."""

    kind: str
    name: str
    uid: str
    controller: bool = False


class Metadata(View):
    """The part of `metadata` that the operator uses."""

    name: str
    uid: str
    resource_version: str
    generation: int = 1
    creation_timestamp: datetime
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()

    @property
    def version_number(self) -> int:
        """resourceVersion as a number, -1 where it is none: numbers of one kind can be compared."""
        return int(self.resource_version) if self.resource_version.isdigit() else -1


class Condition(View):
    """A Kubernetes condition (kstatus conventions)."""

    type: str
    status: str
    reason: str
    message: str = ""
    last_transition_time: Timestamp
    observed_generation: int | None = None


def with_condition(
    conditions: tuple[Condition, ...],
    *,
    type_: str,
    status: bool,
    reason: str,
    message: str,
    now: datetime,
    generation: int,
) -> tuple[Condition, ...]:
    """`conditions` with one of them set; its transition time changes only when its status does."""
    text = "True" if status else "False"
    before = next((condition for condition in conditions if condition.type == type_), None)
    if before is not None and (before.status, before.reason, before.message, before.observed_generation) == (
        text,
        reason,
        message,
        generation,
    ):
        return conditions
    since = before.last_transition_time if before is not None and before.status == text else now
    after = Condition(
        type=type_,
        status=text,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=generation,
    )
    if before is None:
        return (*conditions, after)
    return tuple(after if condition.type == type_ else condition for condition in conditions)
