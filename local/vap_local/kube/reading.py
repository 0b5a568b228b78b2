"""Get and list, with the meanings of resourceVersion and with pages that all show one moment."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from vap_local.kube.calls import Call
from vap_local.kube.errors import ApiError, bad_request, expired, not_found, too_large_revision
from vap_local.kube.jsons import JsonObject, decode, encode
from vap_local.kube.kinds import Resource
from vap_local.kube.store import HistoryGoneError, Key, Store, Stored, position


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list, or all of it: the objects, and the metadata of the list."""

    items: list[Stored]
    metadata: JsonObject


def shown(resource: Resource, stored: Stored) -> JsonObject:
    """An object in the form of the resource it was asked for as. Shared: not to be edited."""
    return stored.body if resource.view is None else resource.view.show(stored.body)


def raw(resource: Resource, stored: Stored) -> bytes:
    """The same as JSON."""
    return stored.raw if resource.view is None else encode(resource.view.show(stored.body))


def key_of(call: Call) -> Key:
    """Where the object of a call is kept."""
    return Key(call.resource.storage_key, call.namespace, call.name)


def find(store: Store, call: Call) -> Stored:
    """The object of a call.

    Raises:
        ApiError: 404, there is none; 504, the client asks for a revision that does not exist yet.
    """
    _check_revision(store, call.query.get("resourceVersion", ""))
    stored = store.get(key_of(call))
    if stored is None:
        raise not_found(call.resource.plural, call.resource.group, call.name)
    return stored


def list_page(store: Store, call: Call) -> Page:
    """The objects a list selects.

    With ``limit``, later pages come from the moment of the first one, so nothing is missed or seen twice.

    Raises:
        ApiError: 400 for parameters that contradict each other, 410 when that moment is no longer known, 504 for a
            revision that does not exist yet.
    """
    selector = call.selector
    limit = call.number("limit") or 0
    token = call.query.get("continue", "")
    after: tuple[str, str] | None = None
    if token:
        if call.query.get("resourceVersion", "0") not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        revision, after = _read_token(token)
    else:
        revision = _wanted_revision(store, call)
    try:
        items = store.items_at(call.resource.storage_key, revision, call.namespace or None)
    except HistoryGoneError:
        raise _list_expired(token) from None
    if after is not None:
        items = items[position(items, after) :]
    if selector:
        items = [stored for stored in items if selector.matches(stored.body)]
    metadata: JsonObject = {"resourceVersion": str(revision)}
    if 0 < limit < len(items):
        last = items[limit - 1].key
        metadata["continue"] = _token(revision, (last.namespace, last.name))
        if not selector:
            metadata["remainingItemCount"] = len(items) - limit
        items = items[:limit]
    return Page(items, metadata)


def encode_list(resource: Resource, page: Page) -> Iterator[bytes]:
    """A list as JSON, from the stored encodings of its objects."""
    head = {"kind": resource.list_name, "apiVersion": resource.api_version, "metadata": page.metadata}
    yield encode(head)[:-1] + b',"items":['
    yield b",".join(raw(resource, stored) for stored in page.items)
    yield b"]}\n"


def parse_revision(text: str) -> int:
    """A resourceVersion as a number; "" and "0" are 0.

    Raises:
        ApiError: 400, not a number.
    """
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise bad_request(
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
    return int(text)


def _check_revision(store: Store, text: str) -> int:
    revision = parse_revision(text)
    if revision > store.revision:
        raise too_large_revision(revision, store.revision)
    return revision


def _wanted_revision(store: Store, call: Call) -> int:
    revision = _check_revision(store, call.query.get("resourceVersion", ""))
    match = call.query.get("resourceVersionMatch", "")
    if not match:
        return store.revision
    if match not in ("Exact", "NotOlderThan"):
        choices = '"Exact", "NotOlderThan"'
        raise bad_request(f'resourceVersionMatch: Unsupported value: "{match}": supported values: {choices}')
    if not call.query.get("resourceVersion"):
        words = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise bad_request(f"resourceVersionMatch: Forbidden: {words}")
    if match == "NotOlderThan":
        return store.revision
    if revision == 0:
        words = 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
        raise bad_request(f"resourceVersionMatch: Forbidden: {words}")
    return revision


def _token(revision: int, after: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(encode({"v": "vap/v1", "rv": revision, "after": list(after)})).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        fields = decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, name = fields["after"]
        return int(fields["rv"]), (str(namespace), str(name))
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise bad_request("invalid continue token: continue key is not valid") from None


def _list_expired(token: str) -> ApiError:
    """410. After a continue token the rest can still be had, from now: as the Kubernetes API server does."""
    if not token:
        return expired("The resourceVersion for the provided list is too old.")
    error = expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    _, after = _read_token(token)
    error.metadata = {"continue": _token(1 << 62, after)}
    return error
