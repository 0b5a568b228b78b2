"""Label and field selectors, parsed into predicates.

Kubernetes concepts, "Labels and Selectors" and "Field Selectors".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vap_local.kube.errors import bad_request
from vap_local.kube.jsons import JsonObject, dig
from vap_local.kube.kinds import Resource

_KEY = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"(?P<key>{_KEY})\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL = re.compile(rf"(?P<key>{_KEY})\s*(?P<op>==|=|!=)\s*(?P<value>{_VALUE})")
_COMPARE = re.compile(rf"(?P<key>{_KEY})\s*(?P<op>[<>])\s*(?P<value>-?[0-9]+)")
_EXISTS = re.compile(rf"(?P<op>!?)\s*(?P<key>{_KEY})")


@dataclass(frozen=True, slots=True)
class LabelRequirement:
    """One condition on a label; ``op`` is one of in, notin, exists, absent, lt, gt."""

    key: str
    op: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet the condition. ``notin`` also holds where the label is missing."""
        value = labels.get(self.key)
        if self.op == "in":
            return value in self.values
        if self.op == "notin":
            return value not in self.values
        if self.op == "exists":
            return value is not None
        if self.op == "absent":
            return value is None
        if value is None or not re.fullmatch(r"-?[0-9]+", value):
            return False
        bound = int(next(iter(self.values)))
        return int(value) < bound if self.op == "lt" else int(value) > bound


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """A field equals (or does not equal) a value; a missing field is the empty string."""

    path: tuple[str, ...]
    value: str
    equal: bool

    def matches(self, body: JsonObject) -> bool:
        """Whether the object meets the condition."""
        found = dig(body, *self.path)
        text = "" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
        return (text == self.value) is self.equal


@dataclass(frozen=True, slots=True)
class Selector:
    """All conditions of a request. Empty matches everything."""

    labels: tuple[LabelRequirement, ...] = ()
    fields: tuple[FieldRequirement, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.labels or self.fields)

    def matches(self, body: JsonObject) -> bool:
        """Whether an object is selected."""
        if self.labels:
            labels = dig(body, "metadata", "labels") or {}
            if not all(requirement.matches(labels) for requirement in self.labels):
                return False
        return all(requirement.matches(body) for requirement in self.fields)


def parse(labels: str, fields: str, resource: Resource) -> Selector:
    """The selector of a request.

    Raises:
        ApiError: 400, the selector cannot be parsed, or names a field this kind cannot be selected by.
    """
    return Selector(tuple(parse_labels(labels)), tuple(_parse_fields(fields, resource)))


def parse_labels(text: str) -> list[LabelRequirement]:
    """Parse ``a=b,c in (d,e),!f``.

    Raises:
        ApiError: 400 with the part that cannot be parsed.
    """
    requirements: list[LabelRequirement] = []
    rest = text.strip()
    while rest:
        requirement, length = _parse_requirement(rest)
        requirements.append(requirement)
        rest = rest[length:].lstrip()
        if rest:
            if not rest.startswith(",") or not rest[1:].strip():
                raise bad_request(f"unable to parse requirement: found '{rest[:1]}', expected: ',' or 'end of string'")
            rest = rest[1:].lstrip()
    return requirements


def _parse_requirement(text: str) -> tuple[LabelRequirement, int]:
    if match := _SET.match(text):
        values = frozenset(value.strip() for value in match["values"].split(","))
        if not all(re.fullmatch(_VALUE, value) for value in values):
            raise bad_request(f"unable to parse requirement: invalid label values in '{match[0]}'")
        return LabelRequirement(match["key"], match["op"], values), match.end()
    if match := _EQUAL.match(text):
        op = "notin" if match["op"] == "!=" else "in"
        return LabelRequirement(match["key"], op, frozenset((match["value"],))), match.end()
    if match := _COMPARE.match(text):
        op = "lt" if match["op"] == "<" else "gt"
        return LabelRequirement(match["key"], op, frozenset((match["value"],))), match.end()
    if match := _EXISTS.match(text):
        return LabelRequirement(match["key"], "absent" if match["op"] else "exists"), match.end()
    raise bad_request(f"unable to parse requirement: found '{text[:1]}', expected: identifier")


def _parse_fields(text: str, resource: Resource) -> list[FieldRequirement]:
    requirements: list[FieldRequirement] = []
    for term in re.split(r"(?<!\\),", text):
        if not term:
            continue
        match = re.match(r"([^=!]+)(!=|==|=)(.*)\Z", term, re.DOTALL)
        if match is None:
            raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
        label = match[1].strip()
        value = re.sub(r"\\([\\,=])", r"\1", match[3])
        requirements.append(FieldRequirement(_field_path(label, resource), value, match[2] != "!="))
    return requirements


def _field_path(label: str, resource: Resource) -> tuple[str, ...]:
    if label in ("metadata.name", "metadata.namespace"):
        return tuple(label.split("."))
    path = resource.selectable.get(label)
    if path is None:
        raise bad_request(f"field label not supported: {label}")
    return path
