"""The shapes of the built-in kinds: which fields they have, and of which types."""

from functools import cached_property
from importlib.resources import files

from vap_local.kube.errors import Cause, bad_request
from vap_local.kube.jsons import Json, JsonObject, decode
from vap_local.kube.kinds import Strategy
from vap_local.kube.schema.model import Schema, parse
from vap_local.kube.schema.pruning import prune
from vap_local.kube.schema.validation import validate


class Shapes:
    """The definitions in ``definitions.json``, read when first needed and resolved per kind."""

    def __init__(self) -> None:
        self._resolved: dict[str, Schema] = {}

    @cached_property
    def definitions(self) -> dict[str, JsonObject]:
        """Model name → OpenAPI schema; references are model names."""
        loaded: dict[str, JsonObject] = decode(files(__package__).joinpath("definitions.json").read_bytes())
        return loaded

    def schema(self, model: str) -> Schema:
        """The parsed schema of a model."""
        found = self._resolved.get(model)
        if found is None:
            causes: list[Cause] = []
            found = self._resolved[model] = parse(self._resolve({"$ref": model}), model, causes)
            assert not causes, causes
        return found

    def _resolve(self, schema: Json) -> Json:
        if isinstance(schema, list):
            return schema
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._resolve(self.definitions[reference])
        resolved = {name: value for name, value in schema.items() if name not in ("description", "properties")}
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), dict):
                resolved[name] = self._resolve(schema[name])
        if "properties" in schema:
            resolved["properties"] = {name: self._resolve(child) for name, child in schema["properties"].items()}
        return resolved


class BuiltinStrategy(Strategy):
    """A built-in kind: fields it does not have are dropped, wrong types are refused; subclasses add its rules.

    Required fields are left to the subclasses, because only some are checked by the Kubernetes API server before it has
    filled in defaults.
    """

    def __init__(self, shapes: Shapes, model: str) -> None:
        self._shapes = shapes
        self.model = model

    def unknown_fields(self, body: JsonObject) -> list[str]:
        """Remove fields the kind does not have.

        Raises:
            ApiError: 400, a field has the wrong type.
        """
        schema = self._shapes.schema(self.model)
        drop_nulls(body)
        removed = prune(schema, body)
        causes = [cause for cause in validate(schema, body) if cause.reason == "FieldValueTypeInvalid"]
        if causes:
            kind, version = body.get("kind"), str(body.get("apiVersion", "")).rpartition("/")[2]
            raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {causes[0]}')
        return removed


def drop_nulls(value: Json) -> None:
    """Remove nulls from objects in place: in the built-in kinds a null is an absent field."""
    if isinstance(value, dict):
        for name in [name for name, item in value.items() if item is None]:
            del value[name]
        for item in value.values():
            drop_nulls(item)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item)
