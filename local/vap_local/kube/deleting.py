"""Deletion: at once, after a grace period, or when the last finalizer goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vap_local.kube.admission import AdmissionHook, Review, admit
from vap_local.kube.calls import Call
from vap_local.kube.custom import DEFINITIONS
from vap_local.kube.decoding import Payload, decode_object
from vap_local.kube.errors import Cause, bad_value, conflict, forbidden, invalid, success, unsupported
from vap_local.kube.jsons import JsonObject, clone, dig
from vap_local.kube.kinds import Resource
from vap_local.kube.reading import find, list_page, shown
from vap_local.kube.store import Store, Stored
from vap_local.kube.times import now, stamp
from vap_local.kube.writing import Answer, releasable

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_POLICIES = ("Foreground", "Background", "Orphan")
_PERMANENT_NAMESPACES = ("default",)


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """``metav1.DeleteOptions`` as they matter here."""

    grace_seconds: int | None = None
    propagation: str = "Background"
    uid: str = ""
    revision: str = ""
    dry_run: bool = False


class Deleter:
    """See the module."""

    def __init__(self, store: Store, hooks: Sequence[AdmissionHook] = ()) -> None:
        self._store = store
        self._hooks = hooks

    def delete(self, call: Call, payload: Payload) -> Answer:
        """DELETE of one object: the answer is the object where it stays for now, else a Status (for most kinds).

        Raises:
            ApiError: 400, 403, 404, 409, 422.
        """
        options = read_options(call, payload)
        old = find(self._store, call)
        resource = call.resource
        _check_preconditions(resource, old.body, options)
        left, gone = self.remove(resource, old, options, call.user_agent)
        if gone and not resource.returns_deleted:
            details = {"name": old.key.name, "group": resource.group, "kind": resource.plural}
            details = {name: value for name, value in details.items() if value}
            return Answer(200, success({**details, "uid": old.body["metadata"]["uid"]}))
        return Answer(200, resource.view.show(left) if resource.view else left)

    def delete_collection(self, call: Call, payload: Payload) -> Answer:
        """DELETE of all objects a list would show.

        Raises:
            ApiError: 400, 403, 422.
        """
        options = read_options(call, payload)
        page = list_page(self._store, call)
        items: list[JsonObject] = []
        for stored in page.items:
            current = self._store.get(stored.key)
            if current is not None:
                self.remove(call.resource, current, options, call.user_agent)
                items.append(shown(call.resource, stored))
        kind, version = call.resource.list_name, call.resource.api_version
        metadata = {"resourceVersion": str(self._store.revision)}
        return Answer(200, {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items})

    def remove(
        self, resource: Resource, old: Stored, options: DeleteOptions, user_agent: str = ""
    ) -> tuple[JsonObject, bool]:
        """Begin or finish a deletion. Returns the object as it is now, and whether it is gone.

        Raises:
            ApiError: 403, a hook refuses it or the namespace is permanent.
        """
        if resource.storage_key == "namespaces" and old.key.name in _PERMANENT_NAMESPACES:
            raise forbidden("namespaces", "", old.key.name, "this namespace may not be deleted")
        admit(self._hooks, Review("DELETE", resource, "", None, old.body, user_agent))
        body = clone(old.body)
        changed = self._begin(resource, body, options)
        if options.dry_run:
            return body, releasable(resource, body)
        if releasable(resource, body):
            self._store.delete(old.key, body)
            return body, True
        if changed:
            return self._store.put(old.key, body).body, False
        return old.body, False

    def _begin(self, resource: Resource, body: JsonObject, options: DeleteOptions) -> bool:
        """Mark an object as being deleted, in place; whether that changed it."""
        metadata = body["metadata"]
        if not metadata.get("deletionTimestamp"):
            grace = resource.strategy.grace_seconds(body, options.grace_seconds)
            metadata["deletionTimestamp"] = stamp(now() + timedelta(seconds=grace))
            metadata["deletionGracePeriodSeconds"] = grace
            if "generation" in metadata:
                metadata["generation"] += 1
            _hold_for_dependents(metadata, options.propagation)
            if resource.storage_key == DEFINITIONS and not self._store.count(metadata["name"]):
                return True
            resource.strategy.begin_deletion(body)
            return True
        if options.grace_seconds is None:
            return False
        grace = resource.strategy.grace_seconds(body, options.grace_seconds)
        if grace >= int(metadata.get("deletionGracePeriodSeconds") or 0):
            return False
        metadata["deletionGracePeriodSeconds"] = grace
        metadata["deletionTimestamp"] = stamp(now() + timedelta(seconds=grace))
        return True


def _check_preconditions(resource: Resource, body: JsonObject, options: DeleteOptions) -> None:
    metadata = body["metadata"]
    for name, wanted, found, guess in (
        ("UID", options.uid, metadata["uid"], "deleted and then recreated"),
        ("ResourceVersion", options.revision, metadata["resourceVersion"], "modified"),
    ):
        if wanted and wanted != found:
            words = f"the {name} in the precondition ({wanted}) does not match the {name} in record ({found})"
            why = f"{words}. The object might have been {guess}"
            raise conflict(resource.kind, resource.group, metadata["name"], why)


def _hold_for_dependents(metadata: JsonObject, propagation: str) -> None:
    finalizer = {"Foreground": FOREGROUND, "Orphan": ORPHAN}.get(propagation)
    if finalizer is not None:
        finalizers = metadata.setdefault("finalizers", [])
        if finalizer not in finalizers:
            finalizers.append(finalizer)


def read_options(call: Call, payload: Payload) -> DeleteOptions:
    """The options of a deletion, from its body and, where that says nothing, its query.

    Raises:
        ApiError: 400, 415, 422.
    """
    body: JsonObject = {}
    if not payload.empty:
        body = decode_object(payload, "DeleteOptions", strict=False).body
    grace = body.get("gracePeriodSeconds", call.number("gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or call.query.get("propagationPolicy") or ""
    orphan = body.get("orphanDependents", call.flag("orphanDependents"))
    causes: list[Cause] = []
    if not propagation:
        propagation = "Orphan" if orphan else "Background"
    if propagation not in _POLICIES:
        causes.append(unsupported("propagationPolicy", propagation, _POLICIES))
    if grace is not None and (not isinstance(grace, int) or grace < 0):
        causes.append(bad_value("gracePeriodSeconds", grace, "must be greater than or equal to 0"))
    if causes:
        raise invalid("DeleteOptions", "meta.k8s.io", "", causes)
    return DeleteOptions(
        grace_seconds=grace,
        propagation=propagation,
        uid=str(dig(body, "preconditions", "uid") or ""),
        revision=str(dig(body, "preconditions", "resourceVersion") or ""),
        dry_run=call.dry_run or body.get("dryRun") == ["All"],
    )
