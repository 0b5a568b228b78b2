"""Events: stored in their core form; ``events.k8s.io/v1`` is another view of the same objects."""

from vap_local.kube.builtin.shapes import BuiltinStrategy
from vap_local.kube.errors import Cause, bad_value
from vap_local.kube.jsons import Json, JsonObject, dig
from vap_local.kube.kinds import Column, View
from vap_local.kube.times import age, now

_RENAMED = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)


class EventStrategy(BuiltinStrategy):
    """An event is about an object in its own namespace."""

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:  # noqa: ARG002
        """The namespace of the object an event is about."""
        about = dig(body, "involvedObject", "namespace") or "default"
        if about != dig(body, "metadata", "namespace"):
            return [bad_value("involvedObject.namespace", about, "does not match event.namespace")]
        return []


def _show(body: JsonObject) -> JsonObject:
    shown = {name: value for name, value in body.items() if name not in dict(_RENAMED)}
    shown["apiVersion"] = "events.k8s.io/v1"
    for core, modern in _RENAMED:
        if core in body:
            shown[modern] = body[core]
    return shown


def _read(body: JsonObject) -> JsonObject:
    modern_names = {modern for _, modern in _RENAMED}
    read = {name: value for name, value in body.items() if name not in modern_names}
    read["apiVersion"] = "v1"
    for core, modern in _RENAMED:
        if modern in body:
            read[core] = body[modern]
    return read


MODERN_VIEW = View(show=_show, read=_read)

SELECTABLE = {
    "involvedObject.kind": ("involvedObject", "kind"),
    "involvedObject.namespace": ("involvedObject", "namespace"),
    "involvedObject.name": ("involvedObject", "name"),
    "involvedObject.uid": ("involvedObject", "uid"),
    "involvedObject.apiVersion": ("involvedObject", "apiVersion"),
    "involvedObject.resourceVersion": ("involvedObject", "resourceVersion"),
    "involvedObject.fieldPath": ("involvedObject", "fieldPath"),
    "reason": ("reason",),
    "reportingComponent": ("reportingComponent",),
    "source": ("source", "component"),
    "type": ("type",),
}


def _object(body: JsonObject) -> str:
    kind = str(dig(body, "involvedObject", "kind") or "").lower()
    return f"{kind}/{dig(body, 'involvedObject', 'name') or ''}"


def _first(body: JsonObject) -> Json:
    return body.get("firstTimestamp") or body.get("eventTime")


def _last(body: JsonObject) -> Json:
    series = dig(body, "series", "lastObservedTime")
    return series or body.get("lastTimestamp") or _first(body)


def _source(body: JsonObject) -> str:
    parts = [dig(body, "source", "component") or body.get("reportingComponent"), dig(body, "source", "host")]
    return ", ".join(str(part) for part in parts if part)


COLUMNS = (
    Column("Last Seen", "string", lambda body: age(_last(body), now())),
    Column("Type", "string", lambda body: body.get("type", "")),
    Column("Reason", "string", lambda body: body.get("reason", "")),
    Column("Object", "string", _object),
    Column("Subobject", "string", lambda body: dig(body, "involvedObject", "fieldPath") or "", priority=1),
    Column("Source", "string", _source, priority=1),
    Column("Message", "string", lambda body: str(body.get("message", "")).strip()),
    Column("First Seen", "string", lambda body: age(_first(body), now()), priority=1),
    Column("Count", "string", lambda body: str(dig(body, "series", "count") or body.get("count") or 1), priority=1),
    Column("Name", "string", lambda body: dig(body, "metadata", "name"), priority=1, format="name"),
)
