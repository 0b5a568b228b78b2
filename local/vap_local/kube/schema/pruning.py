"""Removal of fields a schema does not have."""

from vap_local.kube.jsons import Json, JsonObject
from vap_local.kube.schema.model import Schema

_OBJECT_FIELDS = ("apiVersion", "kind", "metadata")


def prune(schema: Schema, body: JsonObject) -> list[str]:
    """Remove unknown fields from an object in place, and name them as paths."""
    removed: list[str] = []
    _prune(schema, body, "", removed, is_object=True)
    return removed


def _prune(schema: Schema, value: Json, path: str, removed: list[str], *, is_object: bool = False) -> None:
    if isinstance(value, dict):
        for name in list(value):
            if name in _OBJECT_FIELDS and (is_object or schema.embedded):
                continue
            place = f"{path}.{name}" if path else name
            child = schema.properties.get(name)
            if child is not None:
                _prune(child, value[name], place, removed)
            elif schema.additional is not None:
                _prune(schema.additional, value[name], place, removed)
            elif not (schema.preserve or schema.any_additional):
                del value[name]
                removed.append(place)
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            _prune(schema.items, item, f"{path}[{index}]", removed)
