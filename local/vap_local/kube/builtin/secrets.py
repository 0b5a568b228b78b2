"""Secrets and config maps. No value of a refused Secret is ever repeated in a message."""

import base64
import binascii
import re
from collections.abc import Iterator

from vap_local.kube.builtin.shapes import BuiltinStrategy
from vap_local.kube.errors import Cause, bad_request, bad_value, forbidden_value
from vap_local.kube.jsons import JsonObject, dig, same
from vap_local.kube.kinds import Column
from vap_local.kube.table import AGE, NAME

_LIMIT = 1024 * 1024
_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


class SecretStrategy(BuiltinStrategy):
    """``stringData`` becomes ``data``; the type never changes; an immutable Secret keeps its data."""

    def prepare_create(self, body: JsonObject) -> None:
        """Encode ``stringData`` and set the type."""
        _encode_strings(body)
        if not body.get("type"):
            body["type"] = "Opaque"

    def prepare_update(self, body: JsonObject, old: JsonObject) -> None:
        """As for a new one; the type defaults to the old one."""
        _encode_strings(body)
        if not body.get("type"):
            body["type"] = old.get("type", "Opaque")

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:
        """Key names, size, and what may not change."""
        data = body.get("data") or {}
        causes = list(_check_keys(data, "data"))
        if sum(len(value) * 3 // 4 for value in data.values()) > _LIMIT:
            causes.append(Cause("FieldValueTooLong", f"Too long: may not be more than {_LIMIT} bytes", "data"))
        if old is not None:
            if body["type"] != old.get("type"):
                causes.append(bad_value("type", body["type"], "field is immutable"))
            causes += _check_immutable(body, old, ("data",))
        return causes


class ConfigMapStrategy(BuiltinStrategy):
    """Plain data; an immutable ConfigMap keeps it."""

    def validate(self, body: JsonObject, old: JsonObject | None) -> list[Cause]:
        """Key names, size, and what may not change."""
        data, binary = body.get("data") or {}, body.get("binaryData") or {}
        causes = [*_check_keys(data, "data"), *_check_keys(binary, "binaryData")]
        if sum(len(value) for value in (*data.values(), *binary.values())) > _LIMIT:
            causes.append(Cause("FieldValueTooLong", f"Too long: may not be more than {_LIMIT} bytes", ""))
        if old is not None:
            causes += _check_immutable(body, old, ("data", "binaryData"))
        return causes


def _encode_strings(body: JsonObject) -> None:
    data = dict(body.get("data") or {})
    for value in data.values():
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            words = "illegal base64 data in field data"
            raise bad_request(f'Secret in version "v1" cannot be handled as a Secret: {words}') from None
    for name, text in (body.pop("stringData", None) or {}).items():
        data[name] = base64.b64encode(text.encode()).decode()
    if data:
        body["data"] = data


def _check_keys(data: JsonObject, field: str) -> Iterator[Cause]:
    for name in data:
        if len(name) > 253:
            yield bad_value(f"{field}[{name}]", name, "must be no more than 253 bytes")
        elif not re.fullmatch(r"[-._a-zA-Z0-9]+", name) or name in (".", ".."):
            yield bad_value(f"{field}[{name}]", name, _KEY_WORDS)


def _check_immutable(body: JsonObject, old: JsonObject, fields: tuple[str, ...]) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    words = "field is immutable when `immutable` is set"
    if not body.get("immutable"):
        yield forbidden_value("immutable", words)
    for field in fields:
        if not same(body.get(field), old.get(field)):
            yield forbidden_value(field, words)


def _count(body: JsonObject) -> int:
    return len(dig(body, "data") or ()) + len(dig(body, "binaryData") or ())


SECRET_COLUMNS = (
    NAME,
    Column("Type", "string", lambda body: body.get("type")),
    Column("Data", "string", lambda body: str(_count(body))),
    AGE,
)
CONFIG_MAP_COLUMNS = (NAME, Column("Data", "string", lambda body: str(_count(body))), AGE)
