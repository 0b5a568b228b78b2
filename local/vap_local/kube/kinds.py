"""What the server knows about a kind of object, and the registry of all kinds it serves now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vap_local.kube.errors import Cause
from vap_local.kube.jsons import Json, JsonObject, clone, dig, same

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``kubectl get``: ``cell`` computes its value; ``priority`` above 0 shows it with ``-o wide`` only."""

    name: str
    type: str
    cell: Callable[[JsonObject], Json]
    priority: int = 0
    format: str = ""
    description: str = ""


class Strategy:
    """How one kind differs from another when it is written. This base is a kind that is only stored."""

    def prepare_create(self, body: JsonObject) -> None:
        """Complete a new object in place: defaults, and what the server alone may set."""

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """Complete a changed object in place, keeping what this endpoint may not change (its status)."""

    def prepare_status(self, body: JsonObject, old: JsonObject) -> None:
        """Reduce a write to ``/status`` to what it may change."""
        status = body.get("status")
        metadata = body["metadata"]
        body.clear()
        body.update(clone(old))
        body["metadata"] = {**metadata, "ownerReferences": dig(old, "metadata", "ownerReferences")}
        if body["metadata"]["ownerReferences"] is None:
            del body["metadata"]["ownerReferences"]
        body.pop("status", None)
        if status is not None:
            body["status"] = status

    def unknown_fields(self, body: JsonObject) -> list[str]:  # noqa: ARG002
        """Paths of fields the kind does not have; they are removed from ``body``."""
        return []

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:  # noqa: ARG002
        """What is wrong with an object; ``old`` is None when it is new."""
        return []

    def changes_generation(self, body: JsonObject, old: JsonObject) -> bool:
        """Whether a write changed what the user asked for (not status, not metadata)."""
        ignored = ("metadata", "status")
        new_spec = {name: value for name, value in body.items() if name not in ignored}
        old_spec = {name: value for name, value in old.items() if name not in ignored}
        return not same(new_spec, old_spec)

    def grace_seconds(self, body: JsonObject, asked: int | None) -> int:  # noqa: ARG002
        """How long a deletion waits for whoever runs the object; 0 removes it at once."""
        return 0

    def begin_deletion(self, body: JsonObject) -> None:
        """Mark an object whose deletion has begun but must wait."""

    def held(self, body: JsonObject) -> bool:  # noqa: ARG002
        """Whether a deletion waits for more than the finalizers in the metadata."""
        return False


@dataclass(frozen=True, slots=True)
class View:
    """Another group and version of objects that are stored in one form: how to show them, and how to read them."""

    show: Callable[[JsonObject], JsonObject]
    read: Callable[[JsonObject], JsonObject]


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where a kind keeps what the scale subresource shows (CustomResourceSubresourceScale), as object keys."""

    spec_replicas: tuple[str, ...]
    status_replicas: tuple[str, ...]
    selector: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource: a kind in one group and version."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool = True
    list_kind: str = ""
    short_names: Sequence[str] = ()
    categories: Sequence[str] = ()
    verbs: Sequence[str] = ALL_VERBS
    strategy: Strategy = field(default_factory=Strategy)
    status: bool = False
    scale: ScalePaths | None = None
    other_subresources: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = field(default_factory=dict)
    """Further subresources: name → (group, version, kind, verbs)."""
    columns: Sequence[Column] = ()
    selectable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field selectors beyond metadata.name and metadata.namespace: label → object keys."""
    storage: str = ""
    view: View | None = None
    custom: bool = False
    generation: bool = False
    unconditional_update: bool = True
    create_on_update: bool = False
    returns_deleted: bool = False
    name_rule: str = "subdomain"
    schema: Callable[[], JsonObject | None] = field(default=lambda: None)
    """OpenAPI schema of the kind, or None where the server has none."""

    @property
    def api_version(self) -> str:
        """``group/version``, or just the version for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_key(self) -> str:
        """Where the objects are kept: ``plural.group``."""
        return self.storage or (f"{self.plural}.{self.group}" if self.group else self.plural)

    @property
    def list_name(self) -> str:
        """The kind of a list."""
        return self.list_kind or f"{self.kind}List"


class Registry:
    """The kinds served now. Custom kinds come and go with their definitions."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources: dict[tuple[str, str, str], Resource] = {}
        self.edition = 0
        """Grows whenever a kind comes, goes or changes: what documents made from the registry are cached under."""
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve a kind, replacing an older definition of it."""
        self._resources[resource.group, resource.version, resource.plural] = resource
        self.edition += 1

    def remove(self, resource: Resource) -> None:
        """Stop serving a kind."""
        self._resources.pop((resource.group, resource.version, resource.plural), None)
        self.edition += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource of a path."""
        return self._resources.get((group, version, plural))

    def stored_as(self, storage: str) -> Resource | None:
        """The resource whose form is the stored one."""
        for resource in self._resources.values():
            if resource.storage_key == storage and resource.view is None:
                return resource
        return None

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an object's apiVersion and kind."""
        for resource in self._resources.values():
            if resource.kind == kind and resource.api_version == api_version:
                return resource
        return None

    def groups(self) -> dict[str, dict[str, list[Resource]]]:
        """Group → version → resources, in the order they were added."""
        found: dict[str, dict[str, list[Resource]]] = {}
        for resource in self._resources.values():
            found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
        return found

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._resources.values()))
