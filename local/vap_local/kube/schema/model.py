"""A structural schema, parsed once when its definition is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vap_local.kube.errors import Cause, bad_value, forbidden_value, required
from vap_local.kube.jsons import Json, JsonObject
from vap_local.kube.schema.patterns import Pattern, PatternError
from vap_local.kube.schema.rules import Rule, RuleError

_TYPES = ("object", "array", "string", "integer", "number", "boolean")
_UNSUPPORTED = (
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
    "xml",
    "$ref",
)
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Schema:
    """One node. ``raw`` keeps the plain keywords (limits, format, enum); the rest is what needs structure."""

    raw: JsonObject
    type: str
    properties: Mapping[str, "Schema"]
    required: tuple[str, ...]
    items: "Schema | None"
    additional: "Schema | None"
    """Schema of the values of a map, None for an object with named properties."""
    any_additional: bool
    preserve: bool
    int_or_string: bool
    embedded: bool
    nullable: bool
    pattern: Pattern | None
    all_of: tuple["Schema", ...]
    any_of: tuple["Schema", ...]
    one_of: tuple["Schema", ...]
    none_of: "Schema | None"
    rules: tuple[Rule, ...]
    has_rules: bool
    """Whether this node or one below it has a rule."""

    @property
    def has_default(self) -> bool:
        """Whether a missing value is filled in."""
        return "default" in self.raw

    @property
    def list_type(self) -> str:
        """atomic, set or map."""
        return str(self.raw.get("x-kubernetes-list-type", "atomic"))

    @property
    def list_keys(self) -> tuple[str, ...]:
        """Which properties identify an item of a list of type map."""
        return tuple(self.raw.get("x-kubernetes-list-map-keys", ()))


def parse(raw: Json, path: str, causes: list[Cause]) -> Schema:
    """Parse a schema; everything wrong with it is added to ``causes`` under ``path`` (its place in the definition)."""
    return _parse(raw, path, causes, structural=True, root=True)


def _parse(raw: Json, path: str, causes: list[Cause], *, structural: bool, root: bool = False) -> Schema:
    if not isinstance(raw, dict):
        causes.append(bad_value(path, raw, "must be a schema object"))
        raw = {}
    _check_keywords(raw, path, causes, structural=structural, root=root)
    properties = {
        name: _parse(child, f"{path}.properties[{name}]", causes, structural=structural)
        for name, child in _mapping(raw.get("properties")).items()
    }
    items = _optional(raw, "items", path, causes, structural=structural)
    additional_raw = raw.get("additionalProperties", False)
    additional = None
    if isinstance(additional_raw, dict):
        additional = _parse(additional_raw, f"{path}.additionalProperties", causes, structural=structural)
    rules = tuple(_rules(raw, path, causes))
    children = [*properties.values(), *filter(None, (items, additional))]
    return Schema(
        raw=raw,
        type=str(raw.get("type", "")),
        properties=properties,
        required=tuple(raw.get("required") or ()),
        items=items,
        additional=additional,
        any_additional=additional_raw is True,
        preserve=bool(raw.get("x-kubernetes-preserve-unknown-fields")),
        int_or_string=bool(raw.get("x-kubernetes-int-or-string")),
        embedded=bool(raw.get("x-kubernetes-embedded-resource")),
        nullable=bool(raw.get("nullable")),
        pattern=_pattern(raw, path, causes),
        all_of=_junctors(raw, "allOf", path, causes),
        any_of=_junctors(raw, "anyOf", path, causes),
        one_of=_junctors(raw, "oneOf", path, causes),
        none_of=_optional(raw, "not", path, causes, structural=False),
        rules=rules,
        has_rules=bool(rules) or any(child.has_rules for child in children),
    )


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _optional(raw: JsonObject, name: str, path: str, causes: list[Cause], *, structural: bool) -> Schema | None:
    if name not in raw:
        return None
    return _parse(raw[name], f"{path}.{name}", causes, structural=structural)


def _junctors(raw: JsonObject, name: str, path: str, causes: list[Cause]) -> tuple[Schema, ...]:
    return tuple(
        _parse(child, f"{path}.{name}[{index}]", causes, structural=False)
        for index, child in enumerate(raw.get(name) or ())
    )


def _pattern(raw: JsonObject, path: str, causes: list[Cause]) -> Pattern | None:
    if not raw.get("pattern"):
        return None
    try:
        return Pattern(str(raw["pattern"]))
    except PatternError as error:
        causes.append(bad_value(f"{path}.pattern", raw["pattern"], str(error)))
        return None


def _rules(raw: JsonObject, path: str, causes: list[Cause]) -> Iterator[Rule]:
    for index, entry in enumerate(raw.get("x-kubernetes-validations") or ()):
        place = f"{path}.x-kubernetes-validations[{index}]"
        if not isinstance(entry, dict) or not str(entry.get("rule", "")).strip():
            causes.append(required(f"{place}.rule", "rule is not specified"))
            continue
        try:
            yield Rule.compile(entry)
        except RuleError as error:
            causes.append(bad_value(f"{place}.rule", entry["rule"], f"compilation failed: {error}"))


def _check_keywords(raw: JsonObject, path: str, causes: list[Cause], *, structural: bool, root: bool) -> None:
    causes.extend(
        forbidden_value(f"{path}.{keyword}", f"{keyword} is not supported")
        for keyword in _UNSUPPORTED
        if keyword in raw
    )
    if raw.get("uniqueItems"):
        causes.append(forbidden_value(f"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime "
                                      "complexity becomes quadratic"))  # fmt: skip
    kind = raw.get("type", "")
    if kind and kind not in _TYPES:
        causes.append(bad_value(f"{path}.type", kind, f"must be one of {', '.join(_TYPES)}"))
    if not structural:
        return
    if root and kind != "object":
        causes.append(bad_value(f"{path}.type", kind, "must be object at the root"))
    free = raw.get("x-kubernetes-int-or-string") or raw.get("x-kubernetes-preserve-unknown-fields")
    if not kind and not free:
        causes.append(required(f"{path}.type", "must not be empty for specified object fields"))
    if kind == "array" and "items" not in raw:
        causes.append(required(f"{path}.items", "must be specified"))
    if raw.get("properties") and raw.get("additionalProperties") not in (None, False):
        causes.append(forbidden_value(f"{path}.additionalProperties", "additionalProperties and properties are "
                                      "mutual exclusive"))  # fmt: skip
    if raw.get("x-kubernetes-list-type") == "map" and not raw.get("x-kubernetes-list-map-keys"):
        causes.append(
            required(f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map")
        )
