"""``ObjectMeta``: what the server fills in, keeps and checks on every kind."""

import random
import re
from collections.abc import Mapping
from uuid import uuid4

from vap_local.kube.errors import Cause, bad_value, forbidden_value, required
from vap_local.kube.jsons import Json, JsonObject, dig, same
from vap_local.kube.kinds import Resource
from vap_local.kube.times import now, stamp

FIELDS = frozenset(
    (
        "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
        "generateName", "generation", "labels", "managedFields", "name", "namespace", "ownerReferences",
        "resourceVersion", "selfLink", "uid",
    )
)  # fmt: skip
_OWNED_BY_SERVER = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_ANNOTATIONS_LIMIT = 256 * 1024
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels: no words

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_QUALIFIED_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'({_QUALIFIED})?')"
)


def label_fault(name: str) -> str | None:
    """What keeps a name from being an RFC 1123 label, or None."""
    if len(name) > 63:
        return "must be no more than 63 bytes"
    return None if re.fullmatch(_LABEL, name) else _LABEL_WORDS


def subdomain_fault(name: str) -> str | None:
    """What keeps a name from being an RFC 1123 subdomain, or None."""
    if len(name) > 253:
        return "must be no more than 253 bytes"
    return None if re.fullmatch(_SUBDOMAIN, name) else _SUBDOMAIN_WORDS


def qualified_fault(name: str) -> str | None:
    """What keeps a text from being a qualified name (``prefix/name``), or None."""
    prefix, slash, last = name.rpartition("/")
    if slash and (not prefix or subdomain_fault(prefix)):
        return f"prefix part {_SUBDOMAIN_WORDS}"
    if len(last) > 63:
        return "name part must be no more than 63 bytes"
    return None if re.fullmatch(_QUALIFIED, last) else _QUALIFIED_WORDS


def prune(metadata: JsonObject) -> list[str]:
    """Remove fields ObjectMeta does not have, nulls, and what this server does not keep; name the unknown ones."""
    unknown = sorted(set(metadata) - FIELDS)
    for name in unknown:
        del metadata[name]
    for name in [name for name, value in metadata.items() if value is None or value in ({}, [])]:
        del metadata[name]
    metadata.pop("managedFields", None)
    metadata.pop("selfLink", None)
    return [f"metadata.{name}" for name in unknown]


def begin(metadata: JsonObject, resource: Resource, namespace: str) -> None:
    """Fill in what the server sets on a new object."""
    for name in (*_OWNED_BY_SERVER, "resourceVersion"):
        metadata.pop(name, None)
    if not metadata.get("name") and metadata.get("generateName"):
        suffix = "".join(random.choices(_ALPHABET, k=5))  # noqa: S311 a readable suffix, not a secret
        metadata["name"] = f"{metadata['generateName'][:58]}{suffix}"
    if resource.namespaced:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    metadata["uid"] = str(uuid4())
    metadata["creationTimestamp"] = stamp(now())
    if resource.generation:
        metadata["generation"] = 1


def carry_over(metadata: JsonObject, old: Mapping[str, Json]) -> None:
    """Keep what a write may not change."""
    for name in _OWNED_BY_SERVER:
        if name in old:
            metadata[name] = old[name]
        else:
            metadata.pop(name, None)
    metadata["name"] = old["name"]
    if "namespace" in old:
        metadata["namespace"] = old["namespace"]
    else:
        metadata.pop("namespace", None)
    metadata["resourceVersion"] = old["resourceVersion"]


def validate(metadata: JsonObject, resource: Resource, old: Mapping[str, Json] | None) -> list[Cause]:
    """What is wrong with the metadata of an object; ``old`` is that of the version before, or None."""
    causes = _types(metadata)
    if causes:
        return causes
    if old is None:
        causes += _name(metadata, resource)
    causes += _labels(metadata.get("labels") or {}, "metadata.labels")
    causes += _annotations(metadata.get("annotations") or {})
    causes += _owners(metadata.get("ownerReferences") or [])
    finalizers = metadata.get("finalizers") or []
    causes += [
        bad_value("metadata.finalizers", name, fault) for name in finalizers if (fault := _finalizer_fault(name))
    ]
    if old is not None and old.get("deletionTimestamp"):
        added = sorted(set(finalizers) - set(old.get("finalizers") or ()))
        if added:
            names = ", ".join(f'"{name}"' for name in added)
            words = "no new finalizers can be added if the object is being deleted, found new finalizers "
            causes.append(forbidden_value("metadata.finalizers", f"{words}[]string{{{names}}}"))
    return causes


def _types(metadata: JsonObject) -> list[Cause]:
    causes: list[Cause] = []
    for name in ("labels", "annotations"):
        found = metadata.get(name, {})
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            causes.append(bad_value(f"metadata.{name}", {}, "must be a map of strings"))
    causes += [
        bad_value(f"metadata.{name}", {}, "must be a string")
        for name in ("name", "generateName", "namespace")
        if not isinstance(metadata.get(name, ""), str)
    ]
    finalizers = metadata.get("finalizers", [])
    if not isinstance(finalizers, list) or not all(isinstance(item, str) for item in finalizers):
        causes.append(bad_value("metadata.finalizers", [], "must be a list of strings"))
    owners = metadata.get("ownerReferences", [])
    if not isinstance(owners, list) or not all(isinstance(item, dict) for item in owners):
        causes.append(bad_value("metadata.ownerReferences", [], "must be a list of objects"))
    return causes


def _name(metadata: JsonObject, resource: Resource) -> list[Cause]:
    name = metadata.get("name", "")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    if resource.name_rule == "path":
        fault = "may not contain '/' or '%'" if "/" in name or "%" in name or name in (".", "..") else None
    else:
        fault = label_fault(name) if resource.name_rule == "label" else subdomain_fault(name)
    return [bad_value("metadata.name", name, fault)] if fault else []


def _labels(labels: Mapping[str, str], path: str) -> list[Cause]:
    causes: list[Cause] = []
    for key, value in labels.items():
        if fault := qualified_fault(key):
            causes.append(bad_value(path, key, fault))
        if len(value) > 63:
            causes.append(bad_value(path, value, "must be no more than 63 bytes"))
        elif not re.fullmatch(f"({_QUALIFIED})?", value):
            causes.append(bad_value(path, value, _VALUE_WORDS))
    return causes


def _annotations(annotations: Mapping[str, str]) -> list[Cause]:
    causes = [
        bad_value("metadata.annotations", key, fault) for key in annotations if (fault := qualified_fault(key.lower()))
    ]
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _ANNOTATIONS_LIMIT:
        words = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        causes.append(Cause("FieldValueTooLong", words, "metadata.annotations"))
    return causes


def _owners(owners: list[JsonObject]) -> list[Cause]:
    causes: list[Cause] = []
    place = "metadata.ownerReferences"
    for owner in owners:
        for name, words in (
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ):
            if not isinstance(owner.get(name), str) or not owner[name]:
                causes.append(bad_value(f"{place}.{name}", "", words))
    controllers = [owner for owner in owners if owner.get("controller") is True]
    if len(controllers) > 1:
        names = " and ".join(str(owner.get("name")) for owner in controllers[:2])
        words = f'Only one reference can have Controller set to true. Found "true" in references for {names}'
        causes.append(bad_value("metadata.ownerReferences", [], words))
    return causes


def _finalizer_fault(name: str) -> str | None:
    return qualified_fault(name)


def unchanged(body: JsonObject, old: JsonObject) -> bool:
    """Whether a write changes nothing, so that nothing is written and no watcher hears of it."""
    return same(body, old)


def owner_uids(body: JsonObject) -> list[str]:
    """The uids of an object's owners."""
    return [owner["uid"] for owner in dig(body, "metadata", "ownerReferences") or ()]
