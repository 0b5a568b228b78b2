"""Where a container's environment may come from: fields of its pod, Secrets and ConfigMaps."""

import base64
import re
from collections.abc import Awaitable, Callable

from vap_local.kubeclient.client import JsonObject

LoadData = Callable[[str, str], Awaitable[dict[str, str] | None]]
"""Takes `secrets` or `configmaps` and a name; gives the decoded data, None where there is no such object."""

_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['([^']+)'\]$")


class MissingReferenceError(LookupError):
    """The environment refers to something that does not exist (yet); the text names it."""


def field_value(pod: JsonObject, path: str) -> str:
    """The value of a `fieldRef`. Raises MissingReferenceError for a path that is not supported."""
    metadata, spec = pod["metadata"], pod["spec"]
    subscript = _SUBSCRIPT.match(path)
    if subscript is not None:
        return str((metadata.get(subscript[1]) or {}).get(subscript[2], ""))
    values = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": "127.0.0.1",
        "status.podIP": "127.0.0.1",
        "status.podIPs": "127.0.0.1",
    }
    if path not in values:
        raise MissingReferenceError(f"the field {path} cannot be used in an environment")
    return str(values[path])


def decode_data(kind: str, body: JsonObject) -> dict[str, str]:
    """The data of a Secret (base64 in JSON) or a ConfigMap as text."""
    data = body.get("data") or {}
    if kind == "secrets":
        return {name: base64.b64decode(value).decode(errors="replace") for name, value in data.items()}
    return {name: str(value) for name, value in data.items()}


async def container_environment(pod: JsonObject, container: JsonObject, load: LoadData) -> list[tuple[str, str]]:
    """The container's own variables, in order, not yet expanded. Raises MissingReferenceError."""
    found: list[tuple[str, str]] = []
    for source in container.get("envFrom") or []:
        for kind, reference in (("secrets", source.get("secretRef")), ("configmaps", source.get("configMapRef"))):
            if reference is None:
                continue
            data = await load(kind, reference["name"])
            if data is None and not reference.get("optional"):
                raise MissingReferenceError(f"{kind.removesuffix('s')} {reference['name']!r} not found")
            found += [(source.get("prefix", "") + name, value) for name, value in (data or {}).items()]
    for entry in container.get("env") or []:
        value = await _value(pod, entry, load)
        if value is not None:
            found.append((entry["name"], value))
    return found


async def _value(pod: JsonObject, entry: JsonObject, load: LoadData) -> str | None:
    source = entry.get("valueFrom")
    if source is None:
        return str(entry.get("value") or "")
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    for kind, name in (("secrets", "secretKeyRef"), ("configmaps", "configMapKeyRef")):
        reference = source.get(name)
        if reference is None:
            continue
        data = await load(kind, reference["name"])
        if data is not None and reference["key"] in data:
            return data[reference["key"]]
        if reference.get("optional"):
            return None
        raise MissingReferenceError(f"{kind.removesuffix('s')} {reference['name']!r} has no key {reference['key']!r}")
    raise MissingReferenceError(f"the source of the variable {entry['name']} is not supported here")
