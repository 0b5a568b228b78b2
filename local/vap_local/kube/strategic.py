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
        if name.startswith(_ORDER) and field not in patch and _both_lists(order, merged.get(field)):
            merged[field] = _ordered(merged[field], order, _merge_key(field, parent), merged[field])
    return merged


def _both_lists(left: Json, right: Json) -> bool:
    return isinstance(left, list) and isinstance(right, list)


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
    key = None if name in _PRIMITIVE_SETS else _merge_key(name, parent)
    if key is None and name not in _PRIMITIVE_SETS:
        return [clone(item) for item in patch]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [clone(item) for item in patch if not (isinstance(item, dict) and item.get("$patch") == "replace")]
    merged = list(existing)
    for item in patch:
        if key is None:
            merged += [item] if item not in merged else []
        else:
            _merge_item(merged, item, name, key)
    return _ordered(merged, order if isinstance(order, list) else patch, key, existing)


def _merge_item(merged: list[Json], item: Json, name: str, key: str) -> None:
    if not isinstance(item, dict) or key not in item:
        raise StrategicPatchError(f"map: {name} does not contain declared merge key: {key}")
    place = next((index for index, old in enumerate(merged) if _identity(old, key) == item[key]), None)
    if item.get("$patch") == "delete":
        if place is not None:
            del merged[place]
    elif place is None:
        merged.append(_merge({}, item, name))
    else:
        merged[place] = _merge(merged[place], item, name)


def _identity(item: Json, key: str | None) -> Json:
    return item.get(key) if key is not None and isinstance(item, dict) else item


def _ordered(items: list[Json], order: list[Json], key: str | None, before: list[Json]) -> list[Json]:
    """The order of the patch for the items it names, woven into the old order of the others.

    Where both have an old place the earlier one comes first, else the item of the patch.
    """
    wanted = [_identity(entry, key) for entry in order]
    old = [_identity(entry, key) for entry in before]
    named = sorted(
        (item for item in items if _identity(item, key) in wanted), key=lambda i: wanted.index(_identity(i, key))
    )
    others = [item for item in items if _identity(item, key) not in wanted]
    woven: list[Json] = []
    while named and others:
        left, right = _identity(named[0], key), _identity(others[0], key)
        if left in old and right in old and old.index(right) < old.index(left):
            woven.append(others.pop(0))
        else:
            woven.append(named.pop(0))
    return woven + named + others
