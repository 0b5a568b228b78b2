"""Writes ``definitions.json``: the shapes of the built-in kinds, taken from the models of the ``kubernetes`` package.

Names, types and what is required; the descriptions, which are that package's text, are left out.

Run ``python -m vap_local.kube.builtin.generate`` after an upgrade of that package; a test notices when it is due. The
server reads the file instead of importing the models, which would cost it half a second and 40 MiB.
"""

import importlib
import types
import typing
from datetime import datetime
from pathlib import Path

from vap_local.kube.jsons import Json, JsonObject, encode

ROOTS = (
    "V1Namespace",
    "V1Pod",
    "V1Secret",
    "V1ConfigMap",
    "V1ServiceAccount",
    "V1Node",
    "CoreV1Event",
    "EventsV1Event",
    "V1Lease",
    "V1PodDisruptionBudget",
    "V1CustomResourceDefinition",
    "V1Binding",
    "V1Eviction",
    "V1Scale",
    "V1DeleteOptions",
)
_FREE = {"V1JSONSchemaProps"}  # refers to itself; checked by the schema parser instead
_QUANTITIES = {"limits", "requests", "capacity", "allocatable", "overhead", "size_limit", "divisor"}


def definitions() -> dict[str, JsonObject]:
    """Every model that the roots reach, as an OpenAPI schema by model name."""
    models = importlib.import_module("kubernetes.client.models")
    found: dict[str, JsonObject] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _definition(name, getattr(models, name), waiting)
    return dict(sorted(found.items()))


def render() -> bytes:
    """The file: one definition a line, so that a change reads well."""
    lines = [encode(name) + b":" + encode(schema) for name, schema in definitions().items()]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def _definition(name: str, model: typing.Any, waiting: list[str]) -> JsonObject:
    if name in _FREE:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties: JsonObject = {}
    required: list[str] = []
    for attribute, info in model.model_fields.items():
        field = info.serialization_alias or attribute
        schema = _schema(info.annotation, waiting)
        if attribute in _QUANTITIES:
            schema = _as_quantity(schema)
        properties[field] = schema
        if info.is_required():
            required.append(field)
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _schema(annotation: typing.Any, waiting: list[str]) -> JsonObject:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        return _schema(arguments[0], waiting)
    if origin in (typing.Union, types.UnionType):
        options = [_schema(argument, waiting) for argument in arguments if argument is not type(None)]
        kinds = {option.get("type") for option in options}
        if kinds == {"integer", "string"}:
            return {"x-kubernetes-int-or-string": True}
        return options[-1]
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], waiting)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], waiting)}
    if hasattr(annotation, "model_fields"):
        waiting.append(annotation.__name__)
        return {"$ref": annotation.__name__}
    return dict(_PLAIN.get(annotation, {"x-kubernetes-preserve-unknown-fields": True}))


_PLAIN: dict[typing.Any, JsonObject] = {
    str: {"type": "string"},
    bytes: {"type": "string", "format": "byte"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
}


def _as_quantity(schema: JsonObject) -> Json:
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return {**schema, "additionalProperties": {"x-kubernetes-int-or-string": True}}
    return {"x-kubernetes-int-or-string": True} if schema.get("type") == "string" else schema


if __name__ == "__main__":
    (Path(__file__).parent / "definitions.json").write_bytes(render())
