"""OpenAPI v3 documents, as far as kubectl reads them: schemas for ``explain``, parameters for field validation.

There is no OpenAPI v2: kubectl reads it only to compute patches for built-in kinds, and falls back to what it knows.
"""

import hashlib
from collections.abc import Iterator

from vap_local.kube.builtin.shapes import BuiltinStrategy, Shapes
from vap_local.kube.jsons import Json, JsonObject, encode
from vap_local.kube.kinds import Registry, Resource

_OBJECT_META = "V1ObjectMeta"
_API_VERSION = {
    "type": "string",
    "description": "APIVersion defines the versioned schema of this representation of an object.",
}
_KIND = {
    "type": "string",
    "description": "Kind is a string value representing the REST resource this object represents.",
}
_METADATA = {
    "description": "Standard object's metadata.",
    "allOf": [{"$ref": f"#/components/schemas/{_OBJECT_META}"}],
    "default": {},
}
_ACTIONS = {"get": "get", "put": "put", "patch": "patch", "delete": "delete"}


class OpenApi:
    """Builds the documents and keeps them until the registry changes."""

    def __init__(self, registry: Registry, shapes: Shapes) -> None:
        self._registry = registry
        self._shapes = shapes
        self._edition = -1
        self._documents: dict[str, bytes] = {}

    def index(self) -> JsonObject:
        """``/openapi/v3``: the documents there are, with a hash that changes with their content."""
        paths = {}
        for path in self._paths():
            document = self.document(path) or b""
            digest = hashlib.sha256(document).hexdigest().upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
        return {"paths": paths}

    def document(self, path: str) -> bytes | None:
        """``/openapi/v3/<path>``, where path is ``api/v1`` or ``apis/<group>/<version>``; None if unknown."""
        if self._edition != self._registry.edition:
            self._documents.clear()
            self._edition = self._registry.edition
        if path not in self._documents:
            resources = dict(self._paths_with_resources()).get(path)
            if resources is None:
                return None
            self._documents[path] = encode(self._build(resources))
        return self._documents[path]

    def _paths(self) -> list[str]:
        return [path for path, _ in self._paths_with_resources()]

    def _paths_with_resources(self) -> Iterator[tuple[str, list[Resource]]]:
        for group, versions in self._registry.groups().items():
            for version, resources in versions.items():
                yield f"apis/{group}/{version}" if group else f"api/{version}", resources

    def _build(self, resources: list[Resource]) -> JsonObject:
        schemas: JsonObject = {}
        paths: JsonObject = {}
        self._add_model(_OBJECT_META, schemas)
        for resource in resources:
            name = self._schema_name(resource, schemas)
            for path, item in _path_items(resource, name):
                paths[path] = item
        info = {"title": "VAP local Kubernetes API", "version": "v1"}
        return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}

    def _schema_name(self, resource: Resource, schemas: JsonObject) -> str:
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        if isinstance(resource.strategy, BuiltinStrategy):
            name = "EventsV1Event" if resource.group == "events.k8s.io" else resource.strategy.model
            self._add_model(name, schemas)
            schemas[name] = {**schemas[name], "x-kubernetes-group-version-kind": [kind]}
            return name
        name = ".".join((*reversed(resource.group.split(".")), resource.version, resource.kind)).lstrip(".")
        raw = resource.schema() or {"type": "object"}
        properties = dict(raw.get("properties") or {})
        own = {"apiVersion": _API_VERSION, "kind": _KIND, "metadata": _METADATA}
        properties = {**own, **{field: value for field, value in properties.items() if field not in own}}
        schemas[name] = {**raw, "properties": properties, "x-kubernetes-group-version-kind": [kind]}
        return name

    def _add_model(self, model: str, schemas: JsonObject) -> None:
        if model in schemas:
            return
        schemas[model] = {}
        schemas[model] = self._with_references(self.shape(model), schemas)

    def shape(self, model: str) -> JsonObject:
        """The definition of a built-in model."""
        return self._shapes.definitions[model]

    def _with_references(self, schema: Json, schemas: JsonObject) -> Json:
        """The same schema with references into the document, whose targets are added to it."""
        if isinstance(schema, list):
            return [self._with_references(item, schemas) for item in schema]
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            self._add_model(reference, schemas)
            pointer: JsonObject = {"allOf": [{"$ref": f"#/components/schemas/{reference}"}], "default": {}}
            if "description" in schema:
                pointer["description"] = schema["description"]
            return pointer
        return {name: self._with_references(value, schemas) for name, value in schema.items()}


def _path_items(resource: Resource, schema: str) -> Iterator[tuple[str, JsonObject]]:
    prefix = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    if resource.namespaced:
        prefix += "/namespaces/{namespace}"
    collection = f"{prefix}/{resource.plural}"
    if "create" in resource.verbs:
        yield collection, {"get": _operation(resource, "list", schema), "post": _operation(resource, "post", schema)}
    if "get" in resource.verbs:
        item = {method: _operation(resource, action, schema) for method, action in _ACTIONS.items()}
        yield f"{collection}/{{name}}", item


def _operation(resource: Resource, action: str, schema: str) -> JsonObject:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    operation: JsonObject = {
        "operationId": f"{action}{resource.group.title().replace('.', '')}{resource.version.title()}{resource.kind}",
        "parameters": [_parameter("dryRun"), _parameter("fieldManager"), _parameter("fieldValidation")],
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
    if action in ("get", "list", "delete"):
        del operation["parameters"]
    elif action != "patch":
        operation["requestBody"] = {"content": {"application/json": {"schema": reference}}}
    return operation


def _parameter(name: str) -> JsonObject:
    return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
