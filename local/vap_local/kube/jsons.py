"""JSON as the API server handles it: plain dictionaries, one encoding, strict decoding."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = Any
"""A decoded JSON value. The schema, not a Python type, says what it holds."""

JsonObject = dict[str, Any]
"""A decoded JSON object."""


def encode(value: Json) -> bytes:
    """Compact UTF-8 JSON. Refuses NaN and infinities: they are not JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(data: bytes | str) -> Json:
    """Decode JSON text.

    Raises:
        ValueError: the text is not JSON (NaN and Infinity included), or is nested too deeply.
    """
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None


def decode_reporting_duplicates(data: bytes | str) -> tuple[Json, list[str]]:
    """Decode JSON and name the keys that stand twice in one object (the last one wins, as in Go)."""
    duplicates: list[str] = []

    def pairs(items: list[tuple[str, Json]]) -> JsonObject:
        found: JsonObject = {}
        for key, value in items:
            if key in found:
                duplicates.append(key)
            found[key] = value
        return found

    try:
        return json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=pairs), duplicates
    except RecursionError:
        raise ValueError("the document is nested too deeply") from None


def clone(value: Json) -> Json:
    """A deep copy. Objects from the store are shared between readers, so whoever edits one copies it first."""
    if isinstance(value, dict):
        return {key: clone(item) if isinstance(item, (dict, list)) else item for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) if isinstance(item, (dict, list)) else item for item in value]
    return value


def same(left: Json, right: Json) -> bool:
    """Equality of JSON values: unlike Python's ``==``, ``true`` is not ``1`` and ``1`` is not ``1.0``."""
    if left != right:
        return False
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def dig(value: Json, *path: str) -> Json:
    """Follow object keys; None where one is missing or something on the way is not an object."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def objects(value: Json) -> Iterator[JsonObject]:
    """The objects in a list, skipping what is not an object; nothing for anything but a list."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"invalid number {name}")
