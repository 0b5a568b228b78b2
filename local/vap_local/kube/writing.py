"""Create, update and patch: the one path by which an object changes.

A write is: decode → find the old object → check preconditions → let the kind complete it → ask the hooks → validate →
store. Nothing in between awaits, so a write sees and changes one state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vap_local.kube import metadata as meta
from vap_local.kube.admission import AdmissionHook, Review, admit
from vap_local.kube.calls import Call
from vap_local.kube.decoding import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Decoded,
    Payload,
    check_kind,
    decode_object,
    decode_patch,
)
from vap_local.kube.errors import (
    ApiError,
    Cause,
    already_exists,
    bad_request,
    bad_value,
    conflict,
    forbidden,
    invalid,
    invalid_patch,
    not_found,
    unprocessable,
    unsupported_media_type,
)
from vap_local.kube.jsons import Json, JsonObject, clone, dig, encode
from vap_local.kube.kinds import Resource
from vap_local.kube.patch import json_patch, merge_patch
from vap_local.kube.reading import find, key_of, shown
from vap_local.kube.store import Key, Store, Stored
from vap_local.kube.strategic import StrategicPatchError, strategic_merge

NAMESPACES = "namespaces"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers: HTTP status, object, and texts for Warning headers."""

    code: int
    body: JsonObject
    warnings: Sequence[str] = field(default_factory=tuple)


class Writer:
    """See the module."""

    def __init__(self, store: Store, hooks: Sequence[AdmissionHook] = ()) -> None:
        self._store = store
        self._hooks = hooks

    # -- verbs --------------------------------------------------------------------------------------------------------

    def create(self, call: Call, payload: Payload) -> Answer:
        """POST of a new object.

        Raises:
            ApiError: 400, 403, 404 (namespace), 409, 415, 422.
        """
        decoded = decode_object(payload, call.resource.kind, strict=call.field_validation != "Ignore")
        body, warnings = self._admit_body(call, decoded)
        return self._create(call, body, warnings)

    def update(self, call: Call, payload: Payload) -> Answer:
        """PUT of a whole object, or of its status.

        Raises:
            ApiError: 400, 403, 404, 409, 415, 422.
        """
        decoded = decode_object(payload, call.resource.kind, strict=call.field_validation != "Ignore")
        body, warnings = self._admit_body(call, decoded)
        found = body["metadata"].get("name") or ""
        if found != call.name:
            if not found:
                raise bad_request("the name of the object is empty: name must be provided")
            raise bad_request(f"the name of the object ({found}) does not match the name on the URL ({call.name})")
        old = self._store.get(key_of(call))
        if old is None and call.resource.create_on_update and not body["metadata"].get("resourceVersion"):
            return self._create(call, body, warnings)
        if old is None:
            raise not_found(call.resource.plural, call.resource.group, call.name)
        if not body["metadata"].get("resourceVersion") and not call.resource.unconditional_update:
            cause = bad_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise invalid(call.resource.plural, call.resource.group, call.name, [cause])
        stored = self.change(call, old, body)
        return Answer(200, shown(call.resource, stored), warnings)

    def patch(self, call: Call, payload: Payload) -> Answer:
        """PATCH of an object, or of its status.

        Raises:
            ApiError: 400, 403, 404, 409, 415, 422.
        """
        apply = patcher(call.resource, payload)
        old = find(self._store, call)
        current = clone(shown(call.resource, old))
        patched = apply(current)
        body, warnings = self._admit_body(call, Decoded(patched, []), patching=True)
        if not body["metadata"].get("resourceVersion"):
            body["metadata"]["resourceVersion"] = str(old.revision)
        uid = body["metadata"].get("uid")
        if uid != old.body["metadata"]["uid"]:
            cause = bad_value("metadata.uid", uid or "", "field is immutable")
            raise invalid(call.resource.kind, call.resource.group, call.name, [cause])
        stored = self.change(call, old, body)
        return Answer(200, shown(call.resource, stored), warnings)

    # -- steps --------------------------------------------------------------------------------------------------------

    def change(self, call: Call, old: Stored, body: JsonObject) -> Stored:
        """Turn ``old`` into ``body`` (in stored form, and taken over), or refuse it.

        Removes the object where the write lifted the last thing that held up its deletion.

        Raises:
            ApiError: 403, 409, 422.
        """
        resource = call.resource
        before = old.body
        check_preconditions(resource, before, body["metadata"].get("uid"), body["metadata"].get("resourceVersion"))
        meta.carry_over(body["metadata"], before["metadata"])
        if call.subresource == "status":
            resource.strategy.prepare_status(body, before)
        elif call.subresource != "finalize":
            resource.strategy.prepare_update(body, before)
        if resource.generation and resource.strategy.changes_generation(body, before):
            body["metadata"]["generation"] = int(before["metadata"].get("generation", 0)) + 1
        admit(self._hooks, Review("UPDATE", resource, call.subresource, body, before, call.user_agent))
        causes = meta.validate(body["metadata"], resource, before["metadata"])
        if not causes:
            causes = resource.strategy.validate(body, before)
        if causes:
            raise invalid(resource.kind, resource.group, call.name, causes)
        if meta.unchanged(body, before):
            return old
        if call.dry_run:
            return Stored(old.key, old.revision, encode(body), body)
        if releasable(resource, body):
            self._store.delete(old.key, clone(before))
            return Stored(old.key, old.revision, encode(body), body)
        return self._store.put(old.key, body)

    def _create(self, call: Call, body: JsonObject, warnings: list[str]) -> Answer:
        resource = call.resource
        self._check_namespace(call, body)
        metadata = body["metadata"]
        if metadata.get("resourceVersion") and not call.subresource:
            raise bad_request("resourceVersion should not be set on objects to be created")
        meta.begin(metadata, resource, call.namespace)
        resource.strategy.prepare_create(body)
        admit(self._hooks, Review("CREATE", resource, "", body, None, call.user_agent))
        causes = meta.validate(metadata, resource, None)
        if not causes or resource.custom:
            causes = [*causes, *resource.strategy.validate(body, None)]
        if causes:
            raise invalid(resource.kind, resource.group, str(metadata.get("name") or ""), causes)
        key = Key(resource.storage_key, call.namespace, metadata["name"])
        if self._store.get(key) is not None:
            raise already_exists(resource.plural, resource.group, key.name)
        if call.dry_run:
            return Answer(201, shown(resource, Stored(key, 0, encode(body), body)), warnings)
        return Answer(201, shown(resource, self._store.put(key, body)), warnings)

    def _admit_body(self, call: Call, decoded: Decoded, *, patching: bool = False) -> tuple[JsonObject, list[str]]:
        """Check kind and place, drop unknown fields (reporting them as asked), and return the stored form."""
        resource, body = call.resource, decoded.body
        check_kind(body, resource)
        metadata = body["metadata"]
        namespace = metadata.get("namespace") or ""
        if namespace and resource.namespaced and namespace != call.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        if resource.view is not None:
            body = resource.view.read(body)
        unknown = [*meta.prune(metadata), *resource.strategy.unknown_fields(body)]
        problems = [f'duplicate field "{name}"' for name in decoded.duplicates]
        problems += [f'unknown field "{name}"' for name in unknown]
        if not problems or call.field_validation == "Ignore":
            return body, []
        if call.field_validation == "Warn":
            return body, problems
        words = f"strict decoding error: {', '.join(problems)}"
        if patching:
            raise invalid_patch(words)
        kind = resource.kind
        raise bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {words}')

    def _check_namespace(self, call: Call, body: JsonObject) -> None:
        if not call.resource.namespaced:
            return
        if not call.namespace:
            raise bad_request("an empty namespace may not be set during creation")
        space = self._store.get(Key(NAMESPACES, "", call.namespace))
        if space is None:
            raise not_found(NAMESPACES, "", call.namespace)
        if dig(space.body, "metadata", "deletionTimestamp"):
            why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
            words = f"namespace {call.namespace} is being terminated"
            cause = Cause("NamespaceTerminating", words, "metadata.namespace")
            name = str(body["metadata"].get("name") or "")
            raise forbidden(call.resource.plural, call.resource.group, name, why, [cause])


def check_preconditions(resource: Resource, body: JsonObject, uid: Json, revision: Json) -> None:
    """Compare what a write expects with what is there; empty expectations hold.

    Raises:
        ApiError: 409.
    """
    metadata = body["metadata"]
    if uid and uid != metadata["uid"]:
        words = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {metadata['uid']}"
        raise conflict(resource.plural, resource.group, metadata["name"], words)
    if revision and revision != metadata["resourceVersion"]:
        raise conflict(resource.plural, resource.group, metadata["name"])


def releasable(resource: Resource, body: JsonObject) -> bool:
    """Whether an object that is being deleted has nothing left to wait for."""
    metadata = body["metadata"]
    return (
        bool(metadata.get("deletionTimestamp"))
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
        and not resource.strategy.held(body)
    )


def patcher(resource: Resource, payload: Payload) -> Callable[[JsonObject], JsonObject]:
    """The function that applies a patch to an object it may edit.

    Raises:
        ApiError: 415 for a kind of patch this resource does not take, 400 for a malformed one.
    """
    accepted = [JSON_PATCH, MERGE_PATCH] if resource.custom else [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH]
    if payload.media_type not in accepted:
        if payload.media_type == APPLY_PATCH:
            raise _no_server_side_apply()
        raise unsupported_media_type([*accepted, APPLY_PATCH])
    patch = decode_patch(payload)
    if payload.media_type == JSON_PATCH:
        return lambda body: json_patch(body, patch)
    if not isinstance(patch, dict):
        raise bad_request("a patch is an object")
    if payload.media_type == MERGE_PATCH:
        return lambda body: _as_object(merge_patch(body, patch))

    def strategic(body: JsonObject) -> JsonObject:
        try:
            return strategic_merge(body, patch)
        except StrategicPatchError as error:
            raise invalid_patch(str(error)) from None

    return strategic


def _as_object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise unprocessable()
    return value


def _no_server_side_apply() -> ApiError:
    error = unsupported_media_type([JSON_PATCH, MERGE_PATCH])
    error.message += "; this server has no server-side apply: use kubectl apply without --server-side"
    return error
