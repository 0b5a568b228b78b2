"""JSON merge patch (RFC 7386) and JSON patch (RFC 6902)."""

from typing import cast

from vap_local.kube.errors import ApiError, bad_request, unprocessable
from vap_local.kube.jsons import Json, JsonObject, clone, same

_MAX_OPERATIONS = 10_000


def merge_patch(target: Json, patch: Json) -> Json:
    """RFC 7386, section 2. Returns a new value and leaves ``target`` as it is."""
    if not isinstance(patch, dict):
        return clone(patch)
    merged: JsonObject = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: JsonObject, operations: Json) -> JsonObject:
    """Apply RFC 6902 operations in order to a copy of ``target``.

    As in the Kubernetes API server, adding to a missing parent and removing what is not there is an error.

    Raises:
        ApiError: 400 for a malformed patch, 413 for too many operations, 422 where a test fails or a path is missing.
    """
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(operations) > _MAX_OPERATIONS:
        message = f"The allowed maximum operations in a JSON patch is {_MAX_OPERATIONS}, got {len(operations)}"
        raise ApiError(413, "RequestEntityTooLarge", message)
    document: Json = clone(target)
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request("a JSON patch is a list of operations")
        document = _apply(document, operation)
    if not isinstance(document, dict):
        raise unprocessable()
    return cast("JsonObject", document)


def _apply(document: Json, operation: JsonObject) -> Json:
    op = operation.get("op")
    path = _pointer(operation.get("path"))
    if op in ("add", "replace", "test") and "value" not in operation:
        raise unprocessable()
    if op == "add":
        return _add(document, path, clone(operation["value"]))
    if op == "remove":
        return _remove(document, path)
    if op == "replace":
        _get(document, path)
        return _replace(document, path, clone(operation["value"]))
    if op == "test":
        if not same(_get(document, path, missing_is_null=True), operation["value"]):
            raise unprocessable()
        return document
    if op in ("move", "copy"):
        source = _pointer(operation.get("from"))
        value = clone(_get(document, source))
        return _add(_remove(document, source) if op == "move" else document, path, value)
    raise bad_request(f"unknown JSON patch operation {op!r}")


def _pointer(text: Json) -> list[str]:
    """RFC 6901."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise unprocessable()
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(part: str, length: int) -> int:
    if not part.isascii() or not part.isdigit() or int(part) >= length or (part != "0" and part.startswith("0")):
        raise unprocessable()
    return int(part)


def _get(document: Json, path: list[str], *, missing_is_null: bool = False) -> Json:
    for depth, part in enumerate(path):
        if isinstance(document, list):
            document = document[_index(part, len(document))]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, dict) and missing_is_null and depth == len(path) - 1:
            return None
        else:
            raise unprocessable()
    return document


def _add(document: Json, path: list[str], value: Json) -> Json:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, list):
        position = len(parent) if path[-1] == "-" else _index(path[-1], len(parent) + 1)
        parent.insert(position, value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise unprocessable()
    return document


def _replace(document: Json, path: list[str], value: Json) -> Json:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, list):
        parent[_index(path[-1], len(parent))] = value
    else:
        parent[path[-1]] = value
    return document


def _remove(document: Json, path: list[str]) -> Json:
    _get(document, path)
    if not path:
        return None
    parent = _get(document, path[:-1])
    if isinstance(parent, list):
        del parent[_index(path[-1], len(parent))]
    else:
        del parent[path[-1]]
    return document
