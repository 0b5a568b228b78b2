"""Request bodies: media types, JSON, YAML and the little protobuf, and the check that they hold the right kind."""

from dataclasses import dataclass

import yaml

from vap_local.kube import protobuf
from vap_local.kube.errors import bad_request, bad_value, invalid, unsupported_media_type
from vap_local.kube.jsons import Json, JsonObject, decode, decode_reporting_duplicates, dig, encode
from vap_local.kube.kinds import Resource

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_JSON = "application/json"
_YAML = "application/yaml"
ACCEPTED = (_JSON, _YAML, protobuf.MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class Payload:
    """A body as it came: its bytes and its media type without parameters."""

    data: bytes
    media_type: str

    @property
    def empty(self) -> bool:
        """Whether there is no body."""
        return not self.data.strip()


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object with the keys that stood in it twice."""

    body: JsonObject
    duplicates: list[str]


def decode_object(payload: Payload, expected: str, *, strict: bool) -> Decoded:
    """Decode an object.

    Raises:
        ApiError: 415 for another media type, 400 for what is not an object.
    """
    duplicates: list[str] = []
    try:
        if payload.media_type == protobuf.MEDIA_TYPE:
            value: Json = protobuf.decode_object(payload.data)
        elif payload.media_type == _YAML:
            value = _from_yaml(payload.data)
        elif payload.media_type in ("", _JSON, "*/*"):
            if strict:
                value, duplicates = decode_reporting_duplicates(payload.data)
            else:
                value = decode(payload.data)
        else:
            raise unsupported_media_type(ACCEPTED)
    except protobuf.UnreadableError as error:
        raise bad_request(f"the object provided is unrecognized (must be of type {expected}): {error}") from None
    except ValueError as error:
        words = f"couldn't get version/kind; json parse error: {_without_text(error)}"
        raise bad_request(f"the object provided is unrecognized (must be of type {expected}): {words}") from None
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {expected}): not an object")
    return Decoded(value, duplicates)


def decode_patch(payload: Payload) -> Json:
    """Decode the body of a patch, whose media type the caller has looked at.

    Raises:
        ApiError: 400, not JSON.
    """
    try:
        return decode(payload.data)
    except ValueError as error:
        raise bad_request(f"error decoding patch: {_without_text(error)}") from None


def check_kind(body: JsonObject, resource: Resource) -> None:
    """Complete and check the kind and apiVersion of an object.

    Raises:
        ApiError: 400, it is another kind or version than the path says.
    """
    if resource.custom and not body.get("kind"):
        words = "Object 'Kind' is missing"
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {words}")
    kind = body.setdefault("kind", resource.kind)
    version = body.get("apiVersion", "")
    if not resource.custom and not version:
        version = body["apiVersion"] = resource.api_version
    if version != resource.api_version:
        words = f"the API version in the data ({version}) does not match the expected API version"
        raise bad_request(f"{words} ({resource.api_version})")
    if kind != resource.kind and resource.custom:
        cause = bad_value("kind", kind, f"must be {resource.kind}")
        raise invalid(str(kind), resource.group, str(dig(body, "metadata", "name") or ""), [cause])
    if kind != resource.kind:
        raise bad_request(f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})")
    if body.get("metadata") is None:
        body["metadata"] = {}
    if not isinstance(body["metadata"], dict):
        raise bad_request(f"{resource.kind} cannot be handled: metadata must be an object")
    for name in ("name", "generateName", "namespace", "resourceVersion", "uid"):
        if not isinstance(body["metadata"].get(name, ""), (str, type(None))):
            raise bad_request(f"{resource.kind} cannot be handled: metadata.{name} must be a string")


def _from_yaml(data: bytes) -> Json:
    try:
        value = yaml.safe_load(data)
        return decode(encode(value))
    except (yaml.YAMLError, TypeError):
        raise ValueError("invalid YAML") from None


def _without_text(error: ValueError) -> str:
    """The parser's words and position, without the text: it may hold a credential."""
    position = getattr(error, "pos", None)
    message = getattr(error, "msg", "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error))
    return f"{message} at offset {position}" if position is not None else str(message)
