"""Pods: defaults, checks, graceful deletion, and what ``kubectl get pods`` shows."""

from collections.abc import Iterator, Sequence

from vap_local.kube.builtin.shapes import BuiltinStrategy
from vap_local.kube.errors import Cause, bad_value, forbidden_value, required, unsupported
from vap_local.kube.jsons import Json, JsonObject, clone, dig, objects, same
from vap_local.kube.kinds import Column
from vap_local.kube.metadata import label_fault
from vap_local.kube.table import AGE, NAME
from vap_local.kube.times import age, now, stamp

_FINISHED = ("Succeeded", "Failed")
_SPEC_DEFAULTS: JsonObject = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
}
_CONTAINER_DEFAULTS: JsonObject = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE_DEFAULTS: JsonObject = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
]
_MUTABLE_SPEC = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates")


class PodStrategy(BuiltinStrategy):
    """A pod starts Pending and unscheduled; its spec hardly changes; a running one is removed by whoever runs it."""

    def prepare_create(self, body: JsonObject) -> None:
        """Fill in the defaults of a pod."""
        spec = body.setdefault("spec", {})
        for name, value in _SPEC_DEFAULTS.items():
            spec.setdefault(name, clone(value))
        for container in _containers(spec):
            _complete_container(container)
        for volume in objects(spec.get("volumes")):
            if not set(volume) - {"name"}:
                volume["emptyDir"] = {}
        tolerations = spec.setdefault("tolerations", [])
        present = {toleration.get("key") for toleration in objects(tolerations)}
        tolerations.extend(clone(item) for item in _TOLERATIONS if item["key"] not in present)
        if "serviceAccountName" in spec:
            spec.setdefault("serviceAccount", spec["serviceAccountName"])
        body["status"] = {"phase": "Pending", "qosClass": _quality(spec)}

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """Keep the status, and complete the containers again."""
        body.pop("status", None)
        if "status" in old:
            body["status"] = clone(old["status"])
        for container in _containers(body.setdefault("spec", {})):
            _complete_container(container)

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:
        """The checks a pod fails most often, and the immutability of its spec."""
        causes = list(_check_spec(body["spec"]))
        if old is not None and not same(_frozen(body["spec"]), _frozen(old["spec"])):
            words = (
                "pod updates may not change fields other than `spec.containers[*].image`,"
                "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                "previously negative)"
            )
            causes.append(forbidden_value("spec", words))
        return causes

    def grace_seconds(self, body: JsonObject, asked: int | None) -> int:
        """Nobody runs an unscheduled or finished pod, so it goes at once."""
        if not dig(body, "spec", "nodeName") or dig(body, "status", "phase") in _FINISHED:
            return 0
        if asked is not None:
            return max(asked, 0)
        return int(dig(body, "spec", "terminationGracePeriodSeconds") or 0)


def bind(body: JsonObject, node: str) -> None:
    """Schedule a pod on a node, as its binding subresource does."""
    body["spec"]["nodeName"] = node
    conditions = body.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [condition for condition in conditions if condition.get("type") != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(now())})


def _containers(spec: JsonObject) -> Iterator[JsonObject]:
    yield from objects(spec.get("initContainers"))
    yield from objects(spec.get("containers"))


def _complete_container(container: JsonObject) -> None:
    for name, value in _CONTAINER_DEFAULTS.items():
        container.setdefault(name, clone(value))
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    latest = tag == "latest" or (not tag and "@" not in image)
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in objects(container.get("ports")):
        port.setdefault("protocol", "TCP")
    for probe in _PROBES:
        if isinstance(container.get(probe), dict):
            for name, value in _PROBE_DEFAULTS.items():
                container[probe].setdefault(name, value)
            if isinstance(container[probe].get("httpGet"), dict):
                container[probe]["httpGet"].setdefault("scheme", "HTTP")
                container[probe]["httpGet"].setdefault("path", "/")
    for variable in objects(container.get("env")):
        reference = dig(variable, "valueFrom", "fieldRef")
        if isinstance(reference, dict):
            reference.setdefault("apiVersion", "v1")
    resources = container["resources"]
    if isinstance(resources.get("limits"), dict):
        resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}


def _quality(spec: JsonObject) -> str:
    """The quality of service class (Kubernetes: "Configure Quality of Service for Pods")."""
    requests = [dig(container, "resources", "requests") or {} for container in _containers(spec)]
    limits = [dig(container, "resources", "limits") or {} for container in _containers(spec)]
    if not any(requests) and not any(limits):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(limit) and same(request, limit)
        for request, limit in zip(requests, limits, strict=True)
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _frozen(spec: JsonObject) -> Json:
    """The part of a spec that may not change."""
    frozen = {name: clone(value) for name, value in spec.items() if name not in _MUTABLE_SPEC}
    for container in _containers(frozen):
        container.pop("image", None)
    return frozen


def _check_spec(spec: JsonObject) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield required("spec.containers")
    names: set[str] = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(objects(spec.get(field))):
            place = f"spec.{field}[{index}]"
            yield from _check_container(container, place)
            if container.get("name") in names:
                yield Cause("FieldValueDuplicate", f'Duplicate value: "{container["name"]}"', f"{place}.name")
            names.add(str(container.get("name")))
    yield from _one_of(spec, "restartPolicy", ("Always", "OnFailure", "Never"))
    yield from _one_of(spec, "dnsPolicy", ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"))
    if int(spec.get("terminationGracePeriodSeconds", 0)) < 0:
        words = "must be greater than or equal to 0"
        yield bad_value("spec.terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], words)


def _one_of(spec: JsonObject, name: str, choices: Sequence[str]) -> Iterator[Cause]:
    if spec.get(name) not in choices:
        yield unsupported(f"spec.{name}", spec.get(name), choices)


def _check_container(container: JsonObject, place: str) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield required(f"{place}.name")
    elif fault := label_fault(name):
        yield bad_value(f"{place}.name", name, fault)
    if not str(container.get("image", "")).strip():
        yield required(f"{place}.image")
    for index, variable in enumerate(objects(container.get("env"))):
        if not variable.get("name"):
            yield required(f"{place}.env[{index}].name")
    if container["imagePullPolicy"] not in ("Always", "IfNotPresent", "Never"):
        yield unsupported(f"{place}.imagePullPolicy", container["imagePullPolicy"], ("Always", "IfNotPresent", "Never"))


# -- what kubectl shows ----------------------------------------------------------------------------------------------


def _statuses(body: JsonObject) -> list[JsonObject]:
    return list(objects(dig(body, "status", "containerStatuses")))


def _ready(body: JsonObject) -> str:
    total = len(dig(body, "spec", "containers") or ())
    return f"{sum(bool(status.get('ready')) for status in _statuses(body))}/{total}"


def _phase(body: JsonObject) -> str:
    """The STATUS column: the most telling reason, else the phase."""
    shown = str(dig(body, "status", "reason") or dig(body, "status", "phase") or "Unknown")
    running = False
    for status in reversed(_statuses(body)):
        waiting = dig(status, "state", "waiting", "reason")
        terminated = dig(status, "state", "terminated")
        if waiting:
            shown = str(waiting)
        elif terminated:
            shown = str(terminated.get("reason") or f"ExitCode:{terminated.get('exitCode')}")
        elif status.get("ready") and dig(status, "state", "running") is not None:
            running = True
    if shown == "Completed" and running:
        shown = "Running"
    if dig(body, "metadata", "deletionTimestamp"):
        return "Unknown" if dig(body, "status", "reason") == "NodeLost" else "Terminating"
    return shown


def _restarts(body: JsonObject) -> str:
    count = sum(int(status.get("restartCount", 0)) for status in _statuses(body))
    last = [dig(status, "lastState", "terminated", "finishedAt") for status in _statuses(body)]
    moments = sorted(moment for moment in last if moment)
    return f"{count} ({age(moments[-1], now())} ago)" if count and moments else str(count)


def _condition(body: JsonObject, kind: str, ready_of: Json = None) -> Json:
    for condition in objects(dig(body, "status", "conditions")):
        if condition.get("type") == kind:
            return condition.get("status")
    return ready_of


def _gates(body: JsonObject) -> str:
    gates = [str(gate.get("conditionType")) for gate in objects(dig(body, "spec", "readinessGates"))]
    if not gates:
        return "<none>"
    return f"{sum(_condition(body, gate) == 'True' for gate in gates)}/{len(gates)}"


COLUMNS = (
    NAME,
    Column("Ready", "string", _ready, description="The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", "string", _phase, description="The aggregate status of the containers in this pod."),
    Column("Restarts", "string", _restarts, description="The number of times the containers have been restarted."),
    AGE,
    Column("IP", "string", lambda body: dig(body, "status", "podIP") or "<none>", priority=1),
    Column("Node", "string", lambda body: dig(body, "spec", "nodeName") or "<none>", priority=1),
    Column("Nominated Node", "string", lambda body: dig(body, "status", "nominatedNodeName") or "<none>", priority=1),
    Column("Readiness Gates", "string", _gates, priority=1),
)
