"""What a controller manager does elsewhere: owner-reference garbage collection, and emptying what is being deleted.

It follows every committed change and acts on its own turn of the event loop, in small batches, so that deleting
something with many dependents does not hold up other requests. After a start it looks at everything once.

- An object whose owners are all gone is deleted; one that still has an owner only loses the reference to those gone.
- Foreground deletion: an owner waits until no dependent that blocks it is left. Orphan: dependents lose the reference.
- A namespace, and a definition, wait until what is in them is gone.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress

import structlog

from vap_local.kube.calls import Call
from vap_local.kube.custom import CLEANUP_FINALIZER, DEFINITIONS
from vap_local.kube.deleting import FOREGROUND, ORPHAN, DeleteOptions, Deleter
from vap_local.kube.errors import ApiError
from vap_local.kube.jsons import JsonObject, clone, dig, objects
from vap_local.kube.kinds import Registry, Resource
from vap_local.kube.metadata import owner_uids
from vap_local.kube.store import Event, Key, Store, Stored
from vap_local.kube.writing import NAMESPACES, Writer

_BATCH = 50


class Collector:
    """See the module. :meth:`notice` is called for each change, :meth:`run` does the work."""

    def __init__(self, store: Store, registry: Registry, deleter: Deleter, writer: Writer) -> None:
        self._store = store
        self._registry = registry
        self._deleter = deleter
        self._writer = writer
        self._by_uid: dict[str, Key] = {}
        self._dependents: dict[str, set[Key]] = {}
        self._due: OrderedDict[Key, None] = OrderedDict()
        self._wakeup = asyncio.Event()
        self._log = structlog.get_logger("vap_local.kube.collector")

    def load(self) -> None:
        """Learn what is in the store, after a start."""
        for storage in self._store.storages():
            for stored in self._store.items(storage):
                self._learn(stored, None)
        self._wakeup.set()

    def notice(self, event: Event) -> None:
        """Follow a change."""
        if event.type == "DELETED":
            self._forget(event)
        else:
            self._learn(event.now, event.before)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wakeup.wait()
            for _ in range(min(_BATCH, len(self._due))):
                key, _ = self._due.popitem(last=False)
                self._look_at(key)
            if not self._due:
                self._wakeup.clear()
            await asyncio.sleep(0)

    # -- following ----------------------------------------------------------------------------------------------------

    def _learn(self, stored: Stored, before: Stored | None) -> None:
        body = stored.body
        metadata = body["metadata"]
        self._by_uid[metadata["uid"]] = stored.key
        owners = set(owner_uids(body))
        previous = set(owner_uids(before.body)) if before is not None else set()
        for uid in previous - owners:
            self._drop_dependent(uid, stored.key)
        for uid in owners:
            self._dependents.setdefault(uid, set()).add(stored.key)
        if metadata.get("deletionTimestamp") or owners:
            self._schedule(stored.key)
        for uid in previous | owners:
            if uid in self._by_uid:
                self._schedule_if_deleting(self._by_uid[uid])

    def _forget(self, event: Event) -> None:
        uid = event.now.body["metadata"]["uid"]
        self._by_uid.pop(uid, None)
        for key in self._dependents.pop(uid, ()):
            self._schedule(key)
        last = event.before or event.now
        for owner in owner_uids(last.body):
            self._drop_dependent(owner, event.now.key)
            if owner in self._by_uid:
                self._schedule_if_deleting(self._by_uid[owner])
        if event.now.key.namespace:
            self._schedule_if_deleting(Key(NAMESPACES, "", event.now.key.namespace))
        self._schedule_if_deleting(Key(DEFINITIONS, "", event.now.key.storage))

    def _drop_dependent(self, uid: str, key: Key) -> None:
        keys = self._dependents.get(uid)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._dependents[uid]

    def _schedule(self, key: Key) -> None:
        self._due[key] = None
        self._wakeup.set()

    def _schedule_if_deleting(self, key: Key) -> None:
        stored = self._store.get(key)
        if stored is not None and stored.body["metadata"].get("deletionTimestamp"):
            self._schedule(key)

    # -- acting -------------------------------------------------------------------------------------------------------

    def _look_at(self, key: Key) -> None:
        stored = self._store.get(key)
        resource = self._registry.stored_as(key.storage)
        if stored is None or resource is None:
            return
        try:
            if stored.body["metadata"].get("deletionTimestamp"):
                self._help_along(resource, stored)
            else:
                self._check_owners(resource, stored)
        except ApiError as error:
            self._log.warning("collection_refused", storage=key.storage, name=key.name, error=error.message)

    def _check_owners(self, resource: Resource, stored: Stored) -> None:
        owners = list(objects(dig(stored.body, "metadata", "ownerReferences")))
        if not owners:
            return
        waiting = [owner for owner in owners if self._waits_for_dependents(owner)]
        solid = [owner for owner in owners if owner["uid"] in self._by_uid and owner not in waiting]
        gone = [owner for owner in owners if owner["uid"] not in self._by_uid]
        if solid:
            if gone:
                self._set_metadata(resource, stored, ownerReferences=[owner for owner in owners if owner not in gone])
            return
        if waiting or len(gone) == len(owners):
            policy = "Foreground" if waiting and self._blocking_dependents(stored) else "Background"
            self._deleter.remove(resource, stored, DeleteOptions(propagation=policy))

    def _waits_for_dependents(self, owner: JsonObject) -> bool:
        key = self._by_uid.get(owner["uid"])
        body = self._store.get(key) if key is not None else None
        return body is not None and FOREGROUND in _finalizers(body) and _is_deleting(body)

    def _help_along(self, resource: Resource, stored: Stored) -> None:
        finalizers = _finalizers(stored)
        uid = stored.body["metadata"]["uid"]
        if ORPHAN in finalizers:
            for key in list(self._dependents.get(uid, ())):
                self._release_dependent(key, uid)
            self._drop_finalizer(resource, stored, ORPHAN)
        elif FOREGROUND in finalizers:
            for key in list(self._dependents.get(uid, ())):
                self._schedule_undeleted(key)
            if not self._blocking_dependents(stored):
                self._drop_finalizer(resource, stored, FOREGROUND)
        elif resource.storage_key == NAMESPACES:
            self._empty_namespace(resource, stored)
        elif CLEANUP_FINALIZER in finalizers and not self._empty_storage(stored.key.name):
            self._drop_finalizer(resource, stored, CLEANUP_FINALIZER)

    def _schedule_undeleted(self, key: Key) -> None:
        stored = self._store.get(key)
        if stored is not None and not _is_deleting(stored):
            self._schedule(key)

    def _blocking_dependents(self, stored: Stored) -> bool:
        uid = stored.body["metadata"]["uid"]
        for key in self._dependents.get(uid, ()):
            dependent = self._store.get(key)
            for owner in objects(dig(dependent.body, "metadata", "ownerReferences")) if dependent else ():
                if owner["uid"] == uid and owner.get("blockOwnerDeletion"):
                    return True
        return False

    def _release_dependent(self, key: Key, uid: str) -> None:
        stored = self._store.get(key)
        resource = self._registry.stored_as(key.storage)
        if stored is None or resource is None:
            return
        owners = [owner for owner in objects(dig(stored.body, "metadata", "ownerReferences")) if owner["uid"] != uid]
        self._set_metadata(resource, stored, ownerReferences=owners)

    def _drop_finalizer(self, resource: Resource, stored: Stored, name: str) -> None:
        left = [finalizer for finalizer in _finalizers(stored) if finalizer != name]
        self._set_metadata(resource, stored, finalizers=left)

    def _set_metadata(self, resource: Resource, stored: Stored, **fields: list[JsonObject] | list[str]) -> None:
        body = clone(stored.body)
        for name, value in fields.items():
            if value:
                body["metadata"][name] = value
            else:
                body["metadata"].pop(name, None)
        self._writer.change(_internal_call(resource, stored.key), stored, body)

    def _empty_namespace(self, resource: Resource, stored: Stored) -> None:
        left = 0
        for storage in self._store.storages():
            found = self._registry.stored_as(storage)
            if found is not None and found.namespaced:
                left += self._empty_storage(storage, stored.key.name)
        if left:
            return
        body = clone(stored.body)
        body["spec"] = {**(body.get("spec") or {}), "finalizers": []}
        self._writer.change(_internal_call(resource, stored.key, "finalize"), stored, body)

    def _empty_storage(self, storage: str, namespace: str | None = None) -> int:
        """Delete what is there; returns how many objects are still waiting for something."""
        resource = self._registry.stored_as(storage)
        if resource is None:
            return 0
        for item in self._store.items(storage, namespace):
            if not _is_deleting(item):
                with suppress(ApiError):
                    self._deleter.remove(resource, item, DeleteOptions())
        return len(self._store.items(storage, namespace))


def _internal_call(resource: Resource, key: Key, subresource: str = "") -> Call:
    return Call(resource, key.namespace, key.name, subresource, {}, "collector")


def _finalizers(stored: Stored) -> list[str]:
    return list(dig(stored.body, "metadata", "finalizers") or ())


def _is_deleting(stored: Stored) -> bool:
    return bool(dig(stored.body, "metadata", "deletionTimestamp"))
