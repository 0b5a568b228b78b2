"""Namespaces: one that is deleted stays, Terminating, until everything in it is gone."""

from vap_local.kube.builtin.shapes import BuiltinStrategy
from vap_local.kube.jsons import JsonObject, clone, dig
from vap_local.kube.kinds import Column
from vap_local.kube.table import AGE, NAME

_NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceStrategy(BuiltinStrategy):
    """Carries its own finalizer in ``spec.finalizers``; the collector takes it off."""

    def prepare_create(self, body: JsonObject) -> None:
        """A new namespace is active."""
        body["spec"] = {"finalizers": ["kubernetes"]}
        body["status"] = {"phase": "Active"}
        _label(body)

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """Only metadata changes here."""
        body["spec"] = clone(old.get("spec", {}))
        body["status"] = clone(old.get("status", {}))
        _label(body)

    def begin_deletion(self, body: JsonObject) -> None:
        """Show that the namespace is being emptied."""
        body["status"] = {**(body.get("status") or {}), "phase": "Terminating"}

    def held(self, body: JsonObject) -> bool:
        """Whether the namespace still waits for its content."""
        return bool(dig(body, "spec", "finalizers"))


def _label(body: JsonObject) -> None:
    metadata = body["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), _NAME_LABEL: metadata.get("name", "")}


COLUMNS = (
    NAME,
    Column("Status", "string", lambda body: dig(body, "status", "phase"), description="The status of the namespace"),
    AGE,
)
