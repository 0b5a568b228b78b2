"""Validation of a value against a schema, with the messages people know from kubectl.

Values of strings are not repeated in messages, except where the schema lists the few that are allowed: a refused object
may hold a credential.
"""

from collections.abc import Iterator

from vap_local.kube.errors import (
    Cause,
    bad_type,
    bad_value,
    duplicate,
    required,
    too_long,
    too_many,
    unsupported,
)
from vap_local.kube.jsons import Json, JsonObject, same
from vap_local.kube.schema.formats import has_format
from vap_local.kube.schema.model import Schema

_INTEGER_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


def validate(schema: Schema, value: Json, path: str = "") -> list[Cause]:
    """Everything about a value that breaks the schema. Pruning and defaulting come first."""
    return list(_node(schema, value, path))


def json_type(value: Json) -> str:
    """The JSON Schema name of a value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _node(schema: Schema, value: Json, path: str) -> Iterator[Cause]:
    if value is None and schema.nullable:
        return
    wrong = _wrong_type(schema, value, path)
    if wrong is not None:
        yield wrong
        return
    if schema.raw.get("enum") is not None and not any(same(value, choice) for choice in schema.raw["enum"]):
        yield unsupported(path, value, schema.raw["enum"])
    if isinstance(value, dict):
        yield from _object(schema, value, path)
    elif isinstance(value, list):
        yield from _array(schema, value, path)
    elif isinstance(value, str):
        yield from _string(schema, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number(schema, value, path)
    yield from _junctors(schema, value, path)


def _wrong_type(schema: Schema, value: Json, path: str) -> Cause | None:
    got = json_type(value)
    if schema.int_or_string:
        return None if got in ("integer", "string") else bad_type(path, got, "int-or-string")
    if not schema.type or got == schema.type or (got == "integer" and schema.type == "number"):
        return None
    if schema.type == "integer" and isinstance(value, float) and value.is_integer():
        return None
    return bad_type(path or "<nil>", got, schema.type)


def _object(schema: Schema, value: JsonObject, path: str) -> Iterator[Cause]:
    for name in schema.required:
        if name not in value:
            yield required(_join(path, name))
    limit = schema.raw.get("maxProperties")
    if limit is not None and len(value) > limit:
        yield Cause("FieldValueTooMany", f"Too many: {len(value)}: must have at most {limit} items", path)
    least = schema.raw.get("minProperties")
    if least is not None and len(value) < least:
        yield bad_value(path, len(value), f"{path} in body should have at least {least} properties")
    if schema.embedded:
        for name in ("apiVersion", "kind"):
            if not isinstance(value.get(name), str) or not value[name]:
                yield required(_join(path, name), "must not be empty")
    for name in sorted(value):
        child = schema.properties.get(name, schema.additional)
        if child is not None:
            yield from _node(child, value[name], _join(path, name))


def _array(schema: Schema, value: list[Json], path: str) -> Iterator[Cause]:
    limit = schema.raw.get("maxItems")
    if limit is not None and len(value) > limit:
        yield too_many(path, len(value), limit)
    least = schema.raw.get("minItems")
    if least is not None and len(value) < least:
        yield bad_value(path, len(value), f"{path} in body should have at least {least} items")
    if schema.items is not None:
        for index, item in enumerate(value):
            yield from _node(schema.items, item, f"{path}[{index}]")
    yield from _duplicates(schema, value, path)


def _duplicates(schema: Schema, value: list[Json], path: str) -> Iterator[Cause]:
    if schema.list_type not in ("set", "map"):
        return
    seen: list[Json] = []
    for index, item in enumerate(value):
        identity = item
        if schema.list_type == "map":
            identity = {name: item.get(name) for name in schema.list_keys} if isinstance(item, dict) else None
        if any(same(identity, other) for other in seen):
            yield duplicate(f"{path}[{index}]", identity)
        seen.append(identity)


def _string(schema: Schema, value: str, path: str) -> Iterator[Cause]:
    limit = schema.raw.get("maxLength")
    if limit is not None and len(value) > limit:
        yield too_long(path, limit)
    least = schema.raw.get("minLength")
    if least is not None and len(value) < least:
        yield bad_value(path, "" if not value else "string", f"{path} in body should be at least {least} chars long")
    if schema.pattern is not None and not schema.pattern.found_in(value):
        yield bad_value(path, "string", f"{path} in body should match '{schema.pattern.source}'")
    form = schema.raw.get("format")
    if form and not has_format(form, value):
        yield bad_value(path, "string", f"{path} in body must be of type {form}")


def _number(schema: Schema, value: float, path: str) -> Iterator[Cause]:
    raw = schema.raw
    if "maximum" in raw:
        exclusive = raw.get("exclusiveMaximum")
        if value > raw["maximum"] or (exclusive and value == raw["maximum"]):
            words = "less than" if exclusive else "less than or equal to"
            yield bad_value(path, value, f"{path} in body should be {words} {raw['maximum']}")
    if "minimum" in raw:
        exclusive = raw.get("exclusiveMinimum")
        if value < raw["minimum"] or (exclusive and value == raw["minimum"]):
            words = "greater than" if exclusive else "greater than or equal to"
            yield bad_value(path, value, f"{path} in body should be {words} {raw['minimum']}")
    if raw.get("multipleOf") and value % raw["multipleOf"]:
        yield bad_value(path, value, f"{path} in body should be a multiple of {raw['multipleOf']}")
    low, high = _INTEGER_RANGES.get(raw.get("format", ""), (None, None))
    if low is not None and high is not None and not low <= value <= high:
        yield bad_value(path, value, f"{path} in body must be of type {raw['format']}")


def _junctors(schema: Schema, value: Json, path: str) -> Iterator[Cause]:
    for child in schema.all_of:
        yield from _node(child, value, path)
    if schema.any_of and not any(_holds(child, value) for child in schema.any_of):
        yield bad_value("<nil>", "", f'"{path}" must validate at least one schema (anyOf)')
    if schema.one_of:
        count = sum(_holds(child, value) for child in schema.one_of)
        if count != 1:
            found = "Found none valid" if count == 0 else f"Found {count} valid alternatives"
            yield bad_value("<nil>", "", f'"{path}" must validate one and only one schema (oneOf). {found}')
    if schema.none_of is not None and _holds(schema.none_of, value):
        yield bad_value("<nil>", "", f'"{path}" must not validate the schema (not)')


def _holds(schema: Schema, value: Json) -> bool:
    return next(_node(schema, value, "x"), None) is None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
