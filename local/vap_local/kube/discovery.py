"""What the server serves: ``/api``, ``/apis``, and the aggregated form that kubectl asks for first."""

from collections.abc import Mapping

from vap_local.kube.jsons import JsonObject
from vap_local.kube.kinds import Registry, Resource

_SUBRESOURCE_VERBS = ("get", "patch", "update")


def core_versions(address: str) -> JsonObject:
    """``/api``."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(registry: Registry) -> JsonObject:
    """``/apis``."""
    groups = [_group(name, list(versions)) for name, versions in _named_groups(registry).items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: Registry, name: str) -> JsonObject | None:
    """``/apis/<group>``; None for an unknown group."""
    versions = _named_groups(registry).get(name)
    if versions is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, list(versions))}


def resource_list(registry: Registry, group_name: str, version: str) -> JsonObject | None:
    """``/api/v1`` and ``/apis/<group>/<version>``; None for an unknown version."""
    resources = registry.groups().get(group_name, {}).get(version)
    if resources is None:
        return None
    entries: list[JsonObject] = []
    for resource in sorted(resources, key=lambda resource: resource.plural):
        entries.extend(_entries(resource))
    api_version = f"{group_name}/{version}" if group_name else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": entries}


def aggregated(registry: Registry, *, core: bool, version: str) -> JsonObject:
    """``/api`` or ``/apis`` as ``APIGroupDiscoveryList``; ``version`` is v2 or v2beta1."""
    items: list[JsonObject] = []
    for name, versions in registry.groups().items():
        if (name == "") is not core:
            continue
        metadata = {} if core else {"name": name}
        entries = [
            {"version": found, "resources": [_aggregated(resource) for resource in resources], "freshness": "Current"}
            for found, resources in versions.items()
        ]
        items.append({"metadata": metadata, "versions": entries})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def subresources(resource: Resource) -> Mapping[str, tuple[str, str, str, tuple[str, ...]]]:
    """The subresources of a kind: name → (group, version, kind, verbs)."""
    found: dict[str, tuple[str, str, str, tuple[str, ...]]] = dict(resource.other_subresources)
    if resource.status:
        found["status"] = (resource.group, resource.version, resource.kind, _SUBRESOURCE_VERBS)
    if resource.scale is not None:
        found["scale"] = ("autoscaling", "v1", "Scale", _SUBRESOURCE_VERBS)
    return found


def _named_groups(registry: Registry) -> dict[str, dict[str, list[Resource]]]:
    return {name: versions for name, versions in registry.groups().items() if name}


def _group(name: str, versions: list[str]) -> JsonObject:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def _entries(resource: Resource) -> list[JsonObject]:
    entry: JsonObject = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    entries = [entry]
    for name, (sub_group, version, kind, verbs) in sorted(subresources(resource).items()):
        sub: JsonObject = {
            "name": f"{resource.plural}/{name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": kind,
            "verbs": list(verbs),
        }
        if (sub_group, version) != (resource.group, resource.version):
            sub |= {"group": sub_group, "version": version}
        entries.append(sub)
    return entries


def _aggregated(resource: Resource) -> JsonObject:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: JsonObject = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    found = subresources(resource)
    if found:
        entry["subresources"] = [
            {
                "subresource": name,
                "responseKind": {"group": sub_group, "version": version, "kind": sub_kind},
                "verbs": list(verbs),
            }
            for name, (sub_group, version, sub_kind, verbs) in sorted(found.items())
        ]
    return entry
