"""Which scenario a custom resource is, and what it is called."""

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from vap_common.times import Timestamp, truncate_to_milliseconds
from vap_operator.resources.base import Metadata
from vap_operator.resources.names import ANNOTATION_NAME, ANNOTATION_REQUESTED_AT, LABEL_SCENARIO_UUID

NAME_PREFIX = "scenario-"
_TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)


def name_for_uuid(scenario_uuid: UUID) -> str:
    """The name of the custom resource that REST's scenario has: one name per uuid, so that none is made twice."""
    return f"{NAME_PREFIX}{scenario_uuid}"


def secret_name(scenario_name: str) -> str:
    """The name of the Secret that the operator makes for a scenario's camera."""
    return f"{scenario_name}-camera"


def made_for_rest(metadata: Metadata) -> bool:
    """Whether the operator made it for REST: label and name must agree, so that a label alone claims nothing."""
    label = metadata.labels.get(LABEL_SCENARIO_UUID, "")
    return bool(label) and metadata.name == NAME_PREFIX + label


def scenario_uuid(metadata: Metadata) -> UUID:
    """REST's id for one made for REST, else the object's own uid."""
    if made_for_rest(metadata):
        try:
            return UUID(metadata.labels[LABEL_SCENARIO_UUID])
        except ValueError:
            pass
    return UUID(metadata.uid)


def display_name(metadata: Metadata) -> str | None:
    """The name that a person chose: the object's, or the one given to REST."""
    return metadata.annotations.get(ANNOTATION_NAME) if made_for_rest(metadata) else metadata.name


def requested_at(metadata: Metadata) -> datetime:
    """When it was asked for: by REST with milliseconds, else the object's creation."""
    given = metadata.annotations.get(ANNOTATION_REQUESTED_AT)
    if given is not None:
        try:
            return _TIMESTAMP.validate_python(given)
        except ValidationError:
            pass
    return truncate_to_milliseconds(metadata.creation_timestamp)


def queue_order(metadata: Metadata) -> tuple[datetime, datetime, str]:
    """Who came first: creation (whole seconds, the API server's clock), then the request's own time."""
    return metadata.creation_timestamp, requested_at(metadata), metadata.name
