"""CustomResourceDefinitions: checking them, and serving the kinds they define."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vap_local.kube.builtin.shapes import BuiltinStrategy, Shapes
from vap_local.kube.errors import Cause, bad_value, required, unsupported
from vap_local.kube.jsonpath import JsonPath, JsonPathError
from vap_local.kube.jsons import Json, JsonObject, clone, dig, objects, same
from vap_local.kube.kinds import Column, Registry, Resource, ScalePaths, Strategy, View
from vap_local.kube.metadata import label_fault, subdomain_fault
from vap_local.kube.schema.defaulting import apply_defaults
from vap_local.kube.schema.model import Schema, parse
from vap_local.kube.schema.pruning import prune
from vap_local.kube.schema.rules import check_rules
from vap_local.kube.schema.validation import validate
from vap_local.kube.store import Event, Store
from vap_local.kube.table import CREATED_AT, NAME, custom_columns
from vap_local.kube.times import now, stamp

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_UNCHECKED = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing "
    "errors to complete validation",
    "<nil>",
)
_MISSING = object()


class CustomStrategy(Strategy):
    """A custom kind: everything about it stands in the schema of its version."""

    def __init__(self, schema: Schema, *, status: bool) -> None:
        self.schema = schema
        self._status = status

    def complete(self, body: JsonObject) -> None:
        """Fill in defaults. Also done to stored objects when the schema has changed."""
        apply_defaults(self.schema, body)

    def prepare_create(self, body: JsonObject) -> None:
        """With a status subresource a status given at creation is dropped; then defaults apply, to it as well."""
        if self._status:
            body.pop("status", None)
        self.complete(body)

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """With a status subresource the status stays as it is."""
        if self._status:
            body.pop("status", None)
            if "status" in old:
                body["status"] = clone(old["status"])
        self.complete(body)

    def prepare_status(self, body: JsonObject, old: JsonObject) -> None:
        """Nothing but the status changes."""
        status = body.get("status")
        body.clear()
        body.update(clone(old))
        body.pop("status", None)
        if status is not None:
            body["status"] = status
        self.complete(body)

    def unknown_fields(self, body: JsonObject) -> list[str]:
        """Prune to the schema."""
        return prune(self.schema, body)

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:
        """Schema, then rules. What was wrong before and did not change is let through (validation ratcheting)."""
        causes = sorted(validate(self.schema, body), key=lambda cause: cause.field)
        if old is not None:
            causes = [cause for cause in causes if not _was_there(body, old, cause)]
        if causes:
            return [*causes, _UNCHECKED] if self.schema.has_rules else causes
        return check_rules(self.schema, body, old, "")

    def changes_generation(self, body: JsonObject, old: JsonObject) -> bool:
        """Without a status subresource the status counts as content."""
        if self._status:
            return super().changes_generation(body, old)
        return not same(
            {name: value for name, value in body.items() if name != "metadata"},
            {name: value for name, value in old.items() if name != "metadata"},
        )


def _was_there(body: JsonObject, old: JsonObject, cause: Cause) -> bool:
    path = cause.field.replace("[", ".").replace("]", "").split(".")
    if cause.reason == "FieldValueRequired":
        path = path[:-1]
    now_value, old_value = _lookup(body, path), _lookup(old, path)
    return now_value is not _MISSING and old_value is not _MISSING and same(now_value, old_value)


def _lookup(value: Json, path: Sequence[str]) -> Json:
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value


@dataclass(frozen=True, slots=True)
class Definition:
    """A checked definition: one resource for each served version."""

    resources: tuple[Resource, ...]
    storage_strategy: CustomStrategy | None


def read_definition(body: JsonObject) -> tuple[Definition, list[Cause]]:
    """Turn a CustomResourceDefinition into resources, with everything that is wrong with it."""
    causes = list(_check_names(body))
    spec = body.get("spec") or {}
    names = spec.get("names") or {}
    versions = list(objects(spec.get("versions")))
    if not versions:
        causes.append(required("spec.versions"))
    stored = [version for version in versions if version.get("storage")]
    if versions and len(stored) != 1:
        words = "must have exactly one version marked as storage version"
        causes.append(bad_value("spec.versions", [], words))
    storage_api_version = f"{spec.get('group')}/{stored[0].get('name') if stored else ''}"
    resources: list[Resource] = []
    storage_strategy: CustomStrategy | None = None
    for index, version in enumerate(versions):
        place = f"spec.versions[{index}]"
        strategy = _strategy(version, place, causes)
        if version.get("storage"):
            storage_strategy = strategy
        resource = _resource(spec, names, version, strategy, place, causes)
        if not version.get("storage"):
            resource = _as_view(resource, storage_api_version)
        if version.get("served"):
            resources.append(resource)
    return Definition(tuple(resources), storage_strategy), causes


def _check_names(body: JsonObject) -> Iterator[Cause]:
    spec = body.get("spec") or {}
    names = spec.get("names") or {}
    if not spec.get("group"):
        yield required("spec.group")
    elif fault := subdomain_fault(spec["group"]):
        yield bad_value("spec.group", spec["group"], fault)
    elif "." not in spec["group"]:
        yield bad_value("spec.group", spec["group"], "should be a domain with at least one dot")
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        yield unsupported("spec.scope", spec.get("scope", ""), ("Cluster", "Namespaced"))
    for name in ("plural", "kind"):
        if not names.get(name):
            yield required(f"spec.names.{name}")
    for place, name in _written_names(names):
        if fault := label_fault(name.lower()):
            yield bad_value(f"spec.names.{place}", name, fault)
    expected = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if dig(body, "metadata", "name") != expected:
        words = 'must be spec.names.plural+"."+spec.group'
        yield bad_value("metadata.name", dig(body, "metadata", "name"), words)


def _written_names(names: JsonObject) -> Iterator[tuple[str, str]]:
    for name in ("plural", "singular", "kind", "listKind"):
        if names.get(name):
            yield name, str(names[name])
    for index, short in enumerate(names.get("shortNames") or ()):
        yield f"shortNames[{index}]", str(short)


def _strategy(version: JsonObject, place: str, causes: list[Cause]) -> CustomStrategy:
    raw = dig(version, "schema", "openAPIV3Schema")
    path = f"{place}.schema.openAPIV3Schema"
    if raw is None:
        causes.append(required(path, "schemas are required"))
        raw = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = parse(raw, path, causes)
    return CustomStrategy(schema, status="status" in (version.get("subresources") or {}))


def _resource(
    spec: JsonObject, names: JsonObject, version: JsonObject, strategy: CustomStrategy, place: str, causes: list[Cause]
) -> Resource:
    subresources = version.get("subresources") or {}
    columns: list[Column] = custom_columns(
        version.get("additionalPrinterColumns"), f"{place}.additionalPrinterColumns", causes
    )
    selectable: dict[str, tuple[str, ...]] = {}
    for field in objects(version.get("selectableFields")):
        path = str(field.get("jsonPath", ""))
        selectable[path.removeprefix(".")] = tuple(path.removeprefix(".").split("."))
    raw = strategy.schema.raw
    return Resource(
        group=str(spec.get("group", "")),
        version=str(version.get("name", "")),
        kind=str(names.get("kind", "")),
        plural=str(names.get("plural", "")),
        singular=str(names.get("singular") or str(names.get("kind", "")).lower()),
        list_kind=str(names.get("listKind") or f"{names.get('kind', '')}List"),
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        strategy=strategy,
        status="status" in subresources,
        scale=_scale(subresources.get("scale"), f"{place}.subresources.scale", causes),
        columns=tuple(columns),
        selectable=selectable,
        custom=True,
        generation=True,
        unconditional_update=False,
        schema=lambda: raw,
    )


def _scale(raw: Json, place: str, causes: list[Cause]) -> ScalePaths | None:
    if not isinstance(raw, dict):
        return None
    for name, prefix in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        if not str(raw.get(name, "")).startswith(prefix):
            causes.append(bad_value(f"{place}.{name}", raw.get(name, ""), f"should be a json path under {prefix[:-1]}"))
    for name in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath"):
        try:
            JsonPath(str(raw.get(name) or "."))
        except JsonPathError as error:
            causes.append(bad_value(f"{place}.{name}", raw.get(name), str(error)))
    selector = raw.get("labelSelectorPath")
    return ScalePaths(
        _keys(raw.get("specReplicasPath")), _keys(raw.get("statusReplicasPath")), _keys(selector) if selector else None
    )


def _keys(path: Json) -> tuple[str, ...]:
    return tuple(part for part in str(path or "").split(".") if part)


def _as_view(resource: Resource, storage_api_version: str) -> Resource:
    """A served version that is not the stored one: the same object under another apiVersion (strategy None)."""
    fields = {name: getattr(resource, name) for name in resource.__slots__}
    fields["view"] = View(
        show=lambda body: {**body, "apiVersion": resource.api_version},
        read=lambda body: {**body, "apiVersion": storage_api_version},
    )
    return Resource(**fields)


class DefinitionStrategy(BuiltinStrategy):
    """Definitions are checked as a whole and established in the same write that makes them."""

    def __init__(self, shapes: Shapes, model: str, registry: Registry) -> None:
        super().__init__(shapes, model)
        self._registry = registry

    def prepare_create(self, body: JsonObject) -> None:
        """Fill in names, and the status that a controller would set a moment later."""
        _complete(body)
        body["status"] = {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": []}
        self._establish(body)

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """Keep the status, and bring it up to date with the spec."""
        _complete(body)
        body["status"] = clone(old.get("status") or {})
        self._establish(body)

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:
        """Everything :func:`read_definition` finds, and what may not change."""
        causes = read_definition(body)[1]
        if old is not None:
            for path in (("group",), ("scope",), ("names", "plural"), ("names", "kind")):
                if dig(body, "spec", *path) != dig(old, "spec", *path):
                    causes.append(bad_value(f"spec.{'.'.join(path)}", dig(body, "spec", *path), "field is immutable"))
        return causes

    def begin_deletion(self, body: JsonObject) -> None:
        """A definition goes after its objects."""
        finalizers = body["metadata"].setdefault("finalizers", [])
        if CLEANUP_FINALIZER not in finalizers:
            finalizers.append(CLEANUP_FINALIZER)
        words = "CustomResource deletion is in progress"
        _set_condition(body["status"], "Terminating", "True", "InstanceDeletionInProgress", words)

    def _establish(self, body: JsonObject) -> None:
        spec, status = body.get("spec") or {}, body["status"]
        names = spec.get("names") or {}
        taken = self._taken(spec, names)
        if taken:
            _set_condition(status, "NamesAccepted", "False", "NamesConflict", f"{taken} is already in use")
            _set_condition(status, "Established", "False", "NotAccepted", "not all names are accepted")
            return
        status["acceptedNames"] = clone(names)
        _set_condition(status, "NamesAccepted", "True", "NoConflicts", "no conflicts found")
        words = "the initial names have been accepted"
        _set_condition(status, "Established", "True", "InitialNamesAccepted", words)
        stored = [str(version.get("name")) for version in objects(spec.get("versions")) if version.get("storage")]
        known = status.get("storedVersions") or []
        status["storedVersions"] = [*known, *(name for name in stored if name not in known)]

    def _taken(self, spec: JsonObject, names: JsonObject) -> str | None:
        """A name of the definition that another kind of its group has."""
        wanted = {str(names.get(name)) for name in ("singular", "kind", "listKind") if names.get(name)}
        wanted |= {str(name) for name in names.get("shortNames") or ()}
        for other in self._registry:
            if other.group != spec.get("group") or other.plural == names.get("plural"):
                continue
            clash = wanted & {other.plural, other.singular, other.kind, other.list_name, *other.short_names}
            if clash:
                return f'"{min(clash)}"'
        return None


def _complete(body: JsonObject) -> None:
    spec = body.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if names.get("kind"):
        names.setdefault("singular", str(names["kind"]).lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})


def _set_condition(status: JsonObject, kind: str, value: str, reason: str, message: str) -> None:
    conditions = status.setdefault("conditions", [])
    for condition in conditions:
        if condition["type"] == kind:
            if condition["status"] == value:
                return
            conditions.remove(condition)
            break
    conditions.append(
        {"lastTransitionTime": stamp(now()), "message": message, "reason": reason, "status": value, "type": kind}
    )


class CustomKinds:
    """Keeps the registry in step with the definitions in the store."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._served: dict[str, Definition] = {}

    def load(self) -> None:
        """Serve every definition in the store, after a start."""
        for stored in self._store.items(DEFINITIONS):
            self._serve(stored.body)

    def notice(self, event: Event) -> None:
        """Follow a change of a definition."""
        if event.now.key.storage != DEFINITIONS:
            return
        if event.type == "DELETED":
            self._drop(event.now.key.name)
            return
        if event.before is not None and same(event.before.body.get("spec"), event.now.body.get("spec")):
            return
        self._drop(event.now.key.name)
        self._serve(event.now.body)

    def _serve(self, body: JsonObject) -> None:
        conditions = {item.get("type"): item.get("status") for item in objects(dig(body, "status", "conditions"))}
        if conditions.get("Established") != "True":
            return
        definition, causes = read_definition(body)
        if causes:
            return
        self._served[body["metadata"]["name"]] = definition
        for resource in definition.resources:
            self._registry.add(resource)
        if definition.storage_strategy is not None:
            self._store.reshape(body["metadata"]["name"], definition.storage_strategy.complete)

    def _drop(self, name: str) -> None:
        definition = self._served.pop(name, None)
        if definition is None:
            return
        for resource in definition.resources:
            self._registry.remove(resource)
        self._store.end_subscriptions(name)


COLUMNS = (NAME, CREATED_AT)
