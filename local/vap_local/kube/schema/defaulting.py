"""Defaults of a schema."""

from vap_local.kube.jsons import Json, JsonObject, clone
from vap_local.kube.schema.model import Schema


def apply_defaults(schema: Schema, value: Json) -> None:
    """Fill in missing values in place.

    Nulls that a schema does not allow are removed first, so a null gets the default too. Defaults apply only inside
    objects that are there, or that a default itself put there.
    """
    if isinstance(value, dict):
        _properties(schema, value)
        if schema.additional is not None:
            _map_values(schema.additional, value)
    elif isinstance(value, list) and schema.items is not None:
        for index, item in enumerate(value):
            if item is None and schema.items.has_default and not schema.items.nullable:
                value[index] = clone(schema.items.raw["default"])
            apply_defaults(schema.items, value[index])


def _properties(schema: Schema, value: JsonObject) -> None:
    for name, child in schema.properties.items():
        if name in value and value[name] is None and not child.nullable and not child.preserve:
            del value[name]
        if name not in value and child.has_default:
            value[name] = clone(child.raw["default"])
        if name in value:
            apply_defaults(child, value[name])


def _map_values(schema: Schema, value: JsonObject) -> None:
    for name in value:
        if value[name] is None and schema.has_default and not schema.nullable:
            value[name] = clone(schema.raw["default"])
        apply_defaults(schema, value[name])
