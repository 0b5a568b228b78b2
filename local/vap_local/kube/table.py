"""``metav1.Table``: what ``kubectl get`` prints, computed by the server."""

from collections.abc import Callable, Iterable, Sequence

from vap_local.kube.errors import Cause, bad_value, required
from vap_local.kube.jsonpath import JsonPath, JsonPathError
from vap_local.kube.jsons import Json, JsonObject, dig, encode
from vap_local.kube.kinds import Column, Resource
from vap_local.kube.times import age, now

NAME = Column(
    "Name",
    "string",
    lambda body: dig(body, "metadata", "name"),
    format="name",
    description="Name must be unique within a namespace.",
)
AGE = Column(
    "Age",
    "string",
    lambda body: age(dig(body, "metadata", "creationTimestamp"), now()),
    description="How long ago the object was made.",
)
CREATED_AT = Column("Created At", "date", lambda body: dig(body, "metadata", "creationTimestamp"))


def custom_columns(entries: Json, path: str, causes: list[Cause]) -> list[Column]:
    """The columns of a custom kind from its ``additionalPrinterColumns``; Name comes first, Age alone by default."""
    columns = [NAME]
    if not entries:
        entries = [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    for index, entry in enumerate(entries):
        place = f"{path}[{index}]"
        missing = [name for name in ("name", "type", "jsonPath") if not entry.get(name)]
        causes.extend(required(f"{place}.{name}") for name in missing)
        if missing:
            continue
        try:
            cell = _cell(JsonPath(entry["jsonPath"]), entry["type"])
        except JsonPathError as error:
            causes.append(bad_value(f"{place}.jsonPath", entry["jsonPath"], str(error)))
            continue
        columns.append(
            Column(
                entry["name"],
                entry["type"],
                cell,
                priority=int(entry.get("priority", 0)),
                format=entry.get("format", ""),
                description=entry.get("description")
                or f"Custom resource definition column (in JSONPath format): {entry['jsonPath']}",
            )
        )
    return columns


def _cell(path: JsonPath, kind: str) -> Callable[[JsonObject], Json]:
    def cell(body: JsonObject) -> Json:
        found = path.find(body)
        if not found or found[0] is None:
            return None
        value = found[0]
        if kind == "date":
            return age(value, now())
        if kind == "string":
            return _text(value)
        return value if isinstance(value, (int, float)) else None

    return cell


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return encode(value).decode()


def column_definitions(columns: Sequence[Column]) -> list[JsonObject]:
    """The head of a table."""
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in columns
    ]


def render(
    resource: Resource, bodies: Iterable[JsonObject], metadata: JsonObject, *, include: str, head: bool
) -> JsonObject:
    """A table of objects. ``include`` is the request's includeObject: None, Metadata or Object."""
    columns = resource.columns or (NAME, CREATED_AT)
    rows: list[JsonObject] = []
    for body in bodies:
        row: JsonObject = {"cells": [column.cell(body) for column in columns]}
        if include == "Object":
            row["object"] = body
        elif include != "None":
            row["object"] = partial_metadata(body)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": column_definitions(columns) if head else None,
        "rows": rows,
    }


def partial_metadata(body: JsonObject) -> JsonObject:
    """``metav1.PartialObjectMetadata`` of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"]}
