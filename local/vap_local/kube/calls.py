"""What a request asks for, read from its path and query."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from vap_local.kube.errors import ApiError, bad_request, unknown_path
from vap_local.kube.kinds import Registry, Resource
from vap_local.kube.selectors import Selector, parse

_TRUE = ("1", "t", "T", "TRUE", "true", "True", "")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a resource. ``namespace`` is "" for cluster scope and for all namespaces."""

    resource: Resource
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    user_agent: str = ""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be stored.

        Raises:
            ApiError: 422, a value other than All.
        """
        value = self.query.get("dryRun", "")
        if value not in ("", "All"):
            raise ApiError(422, "Invalid", f'dryRun: Unsupported value: "{value}": supported values: "All"', details={})
        return value == "All"

    @property
    def field_validation(self) -> str:
        """Strict, Warn or Ignore: what happens to unknown and duplicate fields."""
        value = self.query.get("fieldValidation", "") or "Warn"
        if value not in ("Strict", "Warn", "Ignore"):
            choices = '"Ignore", "Strict", "Warn"'
            words = f'fieldValidation: Unsupported value: "{value}": supported values: {choices}'
            raise ApiError(422, "Invalid", words, details={})
        return value

    @property
    def selector(self) -> Selector:
        """The label and field selectors."""
        fields = self.query.get("fieldSelector", "")
        return parse(self.query.get("labelSelector", ""), fields, self.resource)

    def flag(self, name: str) -> bool:
        """A boolean of the query, as Go's ParseBool reads it.

        Raises:
            ApiError: 400, not a boolean.
        """
        value = self.query.get(name)
        if value is None or value in _FALSE:
            return False
        if value in _TRUE:
            return True
        raise bad_request(f"invalid boolean {name}={value}")

    def number(self, name: str) -> int | None:
        """An integer of the query, None where it is missing.

        Raises:
            ApiError: 400, not an integer.
        """
        value = self.query.get(name)
        if value is None or value == "":
            return None
        try:
            return int(value)
        except ValueError:
            raise bad_request(f'unable to decode query: {name}: invalid number "{value}"') from None


def resource_call(path: str, query: Mapping[str, str], registry: Registry, user_agent: str = "") -> Call:
    """Read ``/api/v1/namespaces/x/pods/y/log`` and its relatives.

    Raises:
        ApiError: 404, no such resource.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise unknown_path()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not (group == "" and rest[2] in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
        if not namespace:
            raise unknown_path()
    resource = registry.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or bool(namespace) > resource.namespaced:
        raise unknown_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if name and resource.namespaced and not namespace:
        raise unknown_path()
    if subresource and not has_subresource(resource, subresource):
        raise unknown_path()
    return Call(resource, namespace, name, subresource, query, user_agent)


def has_subresource(resource: Resource, name: str) -> bool:
    """Whether a kind has a subresource."""
    if name == "status":
        return resource.status
    if name == "scale":
        return resource.scale is not None
    return name in resource.other_subresources
