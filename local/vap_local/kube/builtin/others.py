"""Leases, disruption budgets and nodes: little more than storage."""

from vap_local.kube.builtin.shapes import BuiltinStrategy
from vap_local.kube.errors import Cause, bad_value, required
from vap_local.kube.jsons import Json, JsonObject, clone, dig, objects
from vap_local.kube.kinds import Column
from vap_local.kube.table import AGE, NAME


class LeaseStrategy(BuiltinStrategy):
    """Times and durations of a lease must make sense."""

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:  # noqa: ARG002
        """Positive durations."""
        spec = body.get("spec") or {}
        causes: list[Cause] = []
        if spec.get("leaseDurationSeconds", 1) <= 0:
            words = "must be greater than 0"
            causes.append(bad_value("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], words))
        if spec.get("leaseTransitions", 0) < 0:
            words = "must be greater than or equal to 0"
            causes.append(bad_value("spec.leaseTransitions", spec["leaseTransitions"], words))
        return causes


class WithStatusStrategy(BuiltinStrategy):
    """A kind whose status only its ``/status`` endpoint writes."""

    def prepare_create(self, body: JsonObject) -> None:
        """No status at first."""
        body.pop("status", None)

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """The status stays."""
        body.pop("status", None)
        if "status" in old:
            body["status"] = clone(old["status"])


class DisruptionBudgetStrategy(WithStatusStrategy):
    """One of minAvailable and maxUnavailable. Evictions do not look at budgets here."""

    def prepare_create(self, body: JsonObject) -> None:
        """The status of a budget that no controller has looked at."""
        body["status"] = {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:  # noqa: ARG002
        """At most one bound, neither negative."""
        spec = body.get("spec") or {}
        if "minAvailable" in spec and "maxUnavailable" in spec:
            words = "minAvailable and maxUnavailable cannot be both set"
            return [bad_value("spec", spec, words)]
        return [
            bad_value(f"spec.{name}", value, "must be greater than or equal to 0")
            for name in ("minAvailable", "maxUnavailable")
            if isinstance(value := spec.get(name), int) and value < 0
        ]


class NodeStrategy(WithStatusStrategy):
    """A node keeps the status it registers with."""

    def prepare_create(self, body: JsonObject) -> None:
        """Kubelets register with their status."""


class BindingError(ValueError):
    """A binding that names no node."""


def binding_target(body: JsonObject) -> str:
    """The node a Binding names.

    Raises:
        BindingError: with the cause to report.
    """
    name = dig(body, "target", "name")
    if dig(body, "target", "kind") not in (None, "", "Node") or not isinstance(name, str) or not name:
        raise BindingError(str(required("target.name")))
    return name


def _node_status(body: JsonObject) -> str:
    ready = "Unknown"
    for condition in objects(dig(body, "status", "conditions")):
        if condition.get("type") == "Ready":
            ready = "Ready" if condition.get("status") == "True" else "NotReady"
    return f"{ready},SchedulingDisabled" if dig(body, "spec", "unschedulable") else ready


def _roles(body: JsonObject) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = dig(body, "metadata", "labels") or {}
    return ",".join(sorted(label.removeprefix(prefix) for label in labels if label.startswith(prefix))) or "<none>"


def _bound(name: str) -> Column:
    def cell(body: JsonObject) -> Json:
        value = dig(body, "spec", name)
        return "N/A" if value is None else str(value)

    return Column("Min Available" if name == "minAvailable" else "Max Unavailable", "string", cell)


NODE_COLUMNS = (
    NAME,
    Column("Status", "string", _node_status),
    Column("Roles", "string", _roles),
    AGE,
    Column("Version", "string", lambda body: dig(body, "status", "nodeInfo", "kubeletVersion") or ""),
)
LEASE_COLUMNS = (NAME, Column("Holder", "string", lambda body: dig(body, "spec", "holderIdentity") or ""), AGE)
BUDGET_COLUMNS = (
    NAME,
    _bound("minAvailable"),
    _bound("maxUnavailable"),
    Column("Allowed Disruptions", "integer", lambda body: dig(body, "status", "disruptionsAllowed") or 0),
    AGE,
)
SERVICE_ACCOUNT_COLUMNS = (
    NAME,
    Column("Secrets", "string", lambda body: str(len(body.get("secrets") or ()))),
    AGE,
)
