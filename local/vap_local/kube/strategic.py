"""Strategic merge patch for the built-in kinds.

Like a merge patch, except that the lists named here are merged item by item by a key, or as sets. Directives:
``$patch: replace | delete | merge`` in objects and items, ``$deleteFromPrimitiveList/x``, ``$setElementOrder/x``,
``$retainKeys``.

Kubernetes community, "Strategic Merge Patch".
"""

from collections.abc import Mapping

from vap_local.kube.jsons import Json, JsonObject, clone

# Last part of the path → merge key. Lists that are the same everywhere stand under their name alone; a list whose key
# depends on where it stands is named with its parent.
_MERGE_KEYS: Mapping[str, str] = {
    "ownerReferences": "uid",
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "conditions": "type",
    "podIPs": "ip",
    "hostIPs": "ip",
    "secrets": "name",
    "addresses": "type",
    "schedulingGates": "name",
    "container.ports": "containerPort",
}
_PRIMITIVE_SETS = frozenset(("finalizers", "podCIDRs"))
_RETAIN_KEYS = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


class StrategicPatchError(ValueError):
    """A list item without the key it is merged by, or an unknown directive."""


def strategic_merge(target: JsonObject, patch: JsonObject) -> JsonObject:
    """Apply a patch to an object. Returns a new object.

    Raises:
        StrategicPatchError: the patch is malformed.
    """
    return _merge(target, patch, "")


def _merge(target: JsonObject, patch: JsonObject, parent: str) -> JsonObject:
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    if directive == "replace":
        return {name: clone(value) for name, value in patch.items() if name != "$patch"}
    if directive not in (None, "merge"):
        raise StrategicPatchError(f"invalid patch directive {directive!r}")
    merged = dict(target)
    if _RETAIN_KEYS in patch:
        merged = {name: value for name, value in merged.items() if name in patch[_RETAIN_KEYS]}
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            field = name.removeprefix(_DELETE_FROM)
            merged[field] = [item for item in merged.get(field) or () if item not in value]
        elif not name.startswith("$"):
            _merge_field(merged, name, value, patch, parent)
    for name, order in patch.items():
        field = name.removeprefix(_ORDER)
        if name.startswith(_ORDER) and field not in patch and isinstance(merged.get(field), list):
            merged[field] = _ordered(merged[field], order, _merge_key(field, parent))
    return merged


def _merge_field(merged: JsonObject, name: str, value: Json, patch: JsonObject, parent: str) -> None:
    current = merged.get(name)
    if value is None:
        merged.pop(name, None)
    elif isinstance(value, dict):
        merged[name] = _merge(current if isinstance(current, dict) else {}, value, name)
    elif isinstance(value, list):
        merged[name] = _merge_list(current, value, name, parent, patch.get(_ORDER + name))
    else:
        merged[name] = value


def _merge_key(name: str, parent: str) -> str | None:
    if name == "ports" and parent in ("containers", "initContainers", "ephemeralContainers"):
        return _MERGE_KEYS["container.ports"]
    return _MERGE_KEYS.get(name)


def _merge_list(current: Json, patch: list[Json], name: str, parent: str, order: Json) -> list[Json]:
    existing: list[Json] = list(current) if isinstance(current, list) else []
    if name in _PRIMITIVE_SETS:
        merged = existing + [item for item in patch if item not in existing]
        return _ordered(merged, order, None)
    key = _merge_key(name, parent)
    if key is None:
        return [clone(item) for item in patch]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [clone(item) for item in patch if not (isinstance(item, dict) and item.get("$patch") == "replace")]
    merged = existing
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise StrategicPatchError(f"map: {name} does not contain declared merge key: {key}")
        place = next((index for index, old in enumerate(merged) if _has(old, key, item[key])), None)
        if item.get("$patch") == "delete":
            merged = [old for old in merged if not _has(old, key, item[key])]
        elif place is None:
            merged.append(_merge({}, item, name))
        else:
            merged[place] = _merge(merged[place], item, name)
    return _ordered(merged, order, key)


def _has(item: Json, key: str, value: Json) -> bool:
    return isinstance(item, dict) and item.get(key) == value


def _ordered(items: list[Json], order: Json, key: str | None) -> list[Json]:
    """Items named by ``order`` in that order, others after the ones they followed."""
    if not isinstance(order, list):
        return items
    wanted = [entry.get(key) if key and isinstance(entry, dict) else entry for entry in order]
    ranks = {repr(value): index for index, value in enumerate(wanted)}
    last = -1.0
    ranked: list[tuple[float, int, Json]] = []
    for index, item in enumerate(items):
        identity = item.get(key) if key and isinstance(item, dict) else item
        rank = ranks.get(repr(identity))
        last = float(rank) if rank is not None else last + 0.0001
        ranked.append((last, index, item))
    return [item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])]
