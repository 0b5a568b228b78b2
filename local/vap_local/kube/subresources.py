"""Subresources with a body of their own: scale, binding and eviction."""

from vap_local.kube.builtin.others import BindingError, binding_target
from vap_local.kube.builtin.pods import bind
from vap_local.kube.calls import Call
from vap_local.kube.decoding import Payload, decode_object
from vap_local.kube.deleting import DeleteOptions, Deleter
from vap_local.kube.errors import Cause, bad_request, bad_value, conflict, invalid, success
from vap_local.kube.jsons import Json, JsonObject, clone, dig
from vap_local.kube.kinds import ScalePaths
from vap_local.kube.reading import find
from vap_local.kube.store import Store
from vap_local.kube.writing import Answer, Writer, check_preconditions, patcher


class Subresources:
    """See the module."""

    def __init__(self, store: Store, writer: Writer, deleter: Deleter) -> None:
        self._store = store
        self._writer = writer
        self._deleter = deleter

    # -- scale --------------------------------------------------------------------------------------------------------

    def get_scale(self, call: Call) -> Answer:
        """GET of ``/scale``: an ``autoscaling/v1`` Scale.

        Raises:
            ApiError: 404.
        """
        return Answer(200, _scale_of(find(self._store, call).body, _paths(call)))

    def write_scale(self, call: Call, payload: Payload, *, patching: bool) -> Answer:
        """PUT and PATCH of ``/scale``: only ``spec.replicas`` changes anything.

        Raises:
            ApiError: 400, 404, 409, 415, 422.
        """
        old = find(self._store, call)
        paths = _paths(call)
        if patching:
            scale = patcher(call.resource, payload)(clone(_scale_of(old.body, paths)))
        else:
            scale = decode_object(payload, "Scale", strict=False).body
        replicas = dig(scale, "spec", "replicas") or 0
        _check_replicas(replicas, call.name)
        metadata = scale.get("metadata") or {}
        check_preconditions(call.resource, old.body, metadata.get("uid"), metadata.get("resourceVersion"))
        body = clone(old.body)
        _set(body, paths.spec_replicas, replicas)
        whole = Call(call.resource, call.namespace, call.name, "", call.query, call.user_agent)
        stored = self._writer.change(whole, old, body)
        return Answer(200, _scale_of(stored.body, paths))

    # -- pods ---------------------------------------------------------------------------------------------------------

    def bind(self, call: Call, payload: Payload) -> Answer:
        """POST of ``/binding``: schedules a pod on a node.

        Raises:
            ApiError: 400, 404, 409 (already scheduled, or being deleted).
        """
        binding = decode_object(payload, "Binding", strict=False).body
        old = find(self._store, call)
        check_preconditions(call.resource, old.body, dig(binding, "metadata", "uid"), None)
        try:
            node = binding_target(binding)
        except BindingError as error:
            raise bad_request(str(error)) from None
        taken = dig(old.body, "spec", "nodeName")
        if taken:
            words = f"pod {call.name} is already assigned to node {taken!r}"
            raise conflict("pods/binding", "", call.name, words.replace("'", '"'))
        if dig(old.body, "metadata", "deletionTimestamp"):
            raise conflict(
                "pods/binding", "", call.name, f"pod {call.name} is being deleted, cannot be assigned to a host"
            )
        body = clone(old.body)
        bind(body, node)
        if not call.dry_run:
            self._store.put(old.key, body)
        return Answer(201, success(code=201))

    def evict(self, call: Call, payload: Payload) -> Answer:
        """POST of ``/eviction``: deletes a pod. Disruption budgets are not looked at.

        Raises:
            ApiError: 400, 404, 409.
        """
        eviction = decode_object(payload, "Eviction", strict=False).body
        old = find(self._store, call)
        uid, revision = (dig(eviction, "deleteOptions", "preconditions", name) for name in ("uid", "resourceVersion"))
        check_preconditions(call.resource, old.body, uid, revision)
        grace = dig(eviction, "deleteOptions", "gracePeriodSeconds")
        options = DeleteOptions(grace_seconds=grace if isinstance(grace, int) else None, dry_run=call.dry_run)
        self._deleter.remove(call.resource, old, options, call.user_agent)
        return Answer(201, success(code=201))


def _paths(call: Call) -> ScalePaths:
    assert call.resource.scale is not None
    return call.resource.scale


def _scale_of(body: JsonObject, paths: ScalePaths) -> JsonObject:
    metadata = {
        name: body["metadata"][name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in body["metadata"]
    }
    status: JsonObject = {"replicas": dig(body, *paths.status_replicas) or 0}
    if paths.selector is not None:
        selector = dig(body, *paths.selector)
        if selector:
            status["selector"] = selector
    spec = {"replicas": dig(body, *paths.spec_replicas) or 0}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


def _check_replicas(replicas: Json, name: str) -> None:
    causes: list[Cause] = []
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer')
    if replicas < 0:
        causes.append(bad_value("spec.replicas", replicas, "must be greater than or equal to 0"))
    if causes:
        raise invalid("Scale", "autoscaling", name, causes)


def _set(body: JsonObject, path: tuple[str, ...], value: Json) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    body[path[-1]] = value
