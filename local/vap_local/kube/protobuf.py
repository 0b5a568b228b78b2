"""Reading the Kubernetes protobuf encoding of the few kinds that kubectl sends that way and no other.

``kubectl create secret generic`` and its relatives encode what they send as protobuf, whatever the server prefers.
Field numbers are those of the published ``generated.proto`` files; fields not listed are skipped. Answers are always
JSON.

Wire format: https://protobuf.dev/programming-guides/encoding/
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from vap_local.kube.jsons import Json, JsonObject
from vap_local.kube.times import stamp

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_KINDS = Literal["string", "bytes", "int", "bool", "time", "message", "map", "bytes_map"]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: _KINDS = "string"
    message: str = ""
    repeated: bool = False


_META = _Field("metadata", "message", "ObjectMeta")
_MESSAGES: Mapping[str, Mapping[int, _Field]] = {
    "Unknown": {1: _Field("typeMeta", "message", "TypeMeta"), 2: _Field("raw", "bytes")},
    "TypeMeta": {1: _Field("apiVersion"), 2: _Field("kind")},
    "ObjectMeta": {
        1: _Field("name"),
        2: _Field("generateName"),
        3: _Field("namespace"),
        5: _Field("uid"),
        6: _Field("resourceVersion"),
        7: _Field("generation", "int"),
        8: _Field("creationTimestamp", "time"),
        11: _Field("labels", "map"),
        12: _Field("annotations", "map"),
        13: _Field("ownerReferences", "message", "OwnerReference", repeated=True),
        14: _Field("finalizers", repeated=True),
    },
    "OwnerReference": {
        1: _Field("kind"),
        3: _Field("name"),
        4: _Field("uid"),
        5: _Field("apiVersion"),
        6: _Field("controller", "bool"),
        7: _Field("blockOwnerDeletion", "bool"),
    },
    "Namespace": {1: _META},
    "Secret": {
        1: _META,
        2: _Field("data", "bytes_map"),
        3: _Field("type"),
        4: _Field("stringData", "map"),
        5: _Field("immutable", "bool"),
    },
    "ConfigMap": {
        1: _META,
        2: _Field("data", "map"),
        3: _Field("binaryData", "bytes_map"),
        4: _Field("immutable", "bool"),
    },
    "ServiceAccount": {1: _META, 4: _Field("automountServiceAccountToken", "bool")},
    "Eviction": {1: _META, 2: _Field("deleteOptions", "message", "DeleteOptions")},
    "DeleteOptions": {
        1: _Field("gracePeriodSeconds", "int"),
        2: _Field("preconditions", "message", "Preconditions"),
        4: _Field("propagationPolicy"),
        5: _Field("dryRun", repeated=True),
    },
    "Preconditions": {1: _Field("uid"), 2: _Field("resourceVersion")},
    "SelfSubjectAccessReview": {1: _META, 2: _Field("spec", "message", "SelfSubjectAccessReviewSpec")},
    "SelfSubjectAccessReviewSpec": {
        1: _Field("resourceAttributes", "message", "ResourceAttributes"),
        2: _Field("nonResourceAttributes", "message", "NonResourceAttributes"),
    },
    "ResourceAttributes": {
        1: _Field("namespace"),
        2: _Field("verb"),
        3: _Field("group"),
        4: _Field("version"),
        5: _Field("resource"),
        6: _Field("subresource"),
        7: _Field("name"),
    },
    "NonResourceAttributes": {1: _Field("path"), 2: _Field("verb")},
    "SelfSubjectRulesReview": {1: _META, 2: _Field("spec", "message", "SelfSubjectRulesReviewSpec")},
    "SelfSubjectRulesReviewSpec": {1: _Field("namespace")},
    "SelfSubjectReview": {1: _META},
    "Entry": {1: _Field("key"), 2: _Field("value")},
    "BytesEntry": {1: _Field("key"), 2: _Field("value", "bytes")},
    "Time": {1: _Field("seconds", "int"), 2: _Field("nanos", "int")},
}
_READABLE = frozenset(
    (
        "Namespace", "Secret", "ConfigMap", "ServiceAccount", "Eviction", "DeleteOptions", "SelfSubjectAccessReview",
        "SelfSubjectRulesReview", "SelfSubjectReview",
    )
)  # fmt: skip


class UnreadableError(ValueError):
    """Not the Kubernetes encoding, or a kind that is not read this way: send it as JSON."""


def decode_object(data: bytes) -> JsonObject:
    """The JSON form of an encoded object.

    Raises:
        UnreadableError: see there.
    """
    if not data.startswith(_MAGIC):
        raise UnreadableError("the body does not begin with the Kubernetes protobuf prefix")
    try:
        return _object(data)
    except UnreadableError:
        raise
    except (ValueError, OverflowError, OSError):  # not UTF-8, or a time outside the calendar
        raise UnreadableError("a field holds a value of another kind") from None


def _object(data: bytes) -> JsonObject:
    envelope = _message("Unknown", data[len(_MAGIC) :])
    type_meta = envelope.get("typeMeta", {})
    kind = str(type_meta.get("kind", ""))
    if kind not in _READABLE:
        raise UnreadableError(f"{kind or 'this kind'} is not read as protobuf, send it as JSON")
    body = _message(kind, base64.b64decode(envelope.get("raw", "")))
    return {"apiVersion": type_meta.get("apiVersion", ""), "kind": kind, **body}


def _message(name: str, data: bytes) -> JsonObject:
    fields = _MESSAGES[name]
    body: JsonObject = {}
    for number, value in _wire(data):
        field = fields.get(number)
        if field is None:
            continue
        decoded = _value(field, value)
        if field.kind in ("map", "bytes_map"):
            body.setdefault(field.name, {})[decoded.get("key", "")] = decoded.get("value", "")
        elif field.repeated:
            body.setdefault(field.name, []).append(decoded)
        elif decoded not in ("", None):
            body[field.name] = decoded
    return body


def _value(field: _Field, value: int | bytes) -> Json:
    if field.kind in ("int", "bool"):
        if not isinstance(value, int):
            raise UnreadableError(f"{field.name} has the wrong wire type")
        if field.kind == "bool":
            return bool(value)
        return value - (1 << 64) if value >= 1 << 63 else value
    if not isinstance(value, bytes):
        raise UnreadableError(f"{field.name} has the wrong wire type")
    if field.kind == "string":
        return value.decode()
    if field.kind == "bytes":
        return base64.b64encode(value).decode()
    if field.kind == "map":
        return _message("Entry", value)
    if field.kind == "bytes_map":
        return _message("BytesEntry", value)
    if field.kind == "time":
        seconds = _message("Time", value).get("seconds")
        return stamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None
    return _message(field.message, value)


def _wire(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire_type == 2:
            length, position = _varint(data, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise UnreadableError(f"unknown wire type {wire_type}")
        if position + length > len(data):
            raise UnreadableError("the body ends within a field")
        yield number, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise UnreadableError("the body ends within a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
