"""CEL rules (``x-kubernetes-validations``).

``self`` is the value the rule stands on, ``oldSelf`` the value before. A rule that mentions ``oldSelf`` is a transition
rule: it is skipped where there is no old value, unless ``optionalOldSelf`` makes ``oldSelf`` an optional.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import cel
from cel import stdlib

from vap_local.kube.errors import Cause
from vap_local.kube.jsons import Json, JsonObject
from vap_local.kube.schema.formats import parse_duration

if TYPE_CHECKING:
    from vap_local.kube.schema.model import Schema

_RESERVED = frozenset(
    (
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    )
)  # fmt: skip
_STANDARD = frozenset(
    (
        "size", "contains", "startsWith", "endsWith", "matches", "has", "all", "exists", "exists_one", "filter", "map",
        "int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration", "type", "dyn", "getDate",
        "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes",
        "getMonth", "getSeconds", "hasValue", "value", "orValue", "or", "optional.of", "optional.none",
    )
)  # fmt: skip
"""What the library has built in; cel-go's extension functions come from its ``stdlib`` where a rule names them."""
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_REASONS = {
    "FieldValueInvalid": "Invalid value: {shown}: {message}",
    "FieldValueForbidden": "Forbidden: {message}",
    "FieldValueRequired": "Required value: {message}",
    "FieldValueDuplicate": "Duplicate value: {shown}",
}


class RuleError(ValueError):
    """A rule does not compile. Correct the expression at the place the message names."""


class Expression:
    """A compiled CEL expression with the extension functions it names."""

    __slots__ = ("_functions", "_program", "variables")

    def __init__(self, source: str) -> None:
        """Compile an expression.

        Raises:
            RuleError: it does not compile, or calls a function that does not exist.
        """
        try:
            self._program = cel.compile(source)
        except ValueError as error:
            raise RuleError(str(error).splitlines()[0]) from None
        named = [name for name in self._program.functions() if name[0].isalpha() and name not in _STANDARD]
        unknown = [name for name in named if name not in stdlib.STDLIB_FUNCTIONS]
        if unknown:
            raise RuleError(f"undeclared reference to '{unknown[0]}'")
        self._functions = {name: stdlib.STDLIB_FUNCTIONS[name] for name in named}
        self.variables: frozenset[str] = frozenset(self._program.variables())

    def evaluate(self, variables: dict[str, Any]) -> Any:
        """The value of the expression. Raises what the library raises where it fails on these values."""
        if self._functions:
            return self._program.execute(cel.Context(variables, self._functions))
        return self._program.execute(variables)


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule."""

    source: str
    program: "Expression"
    message: str
    message_program: "Expression | None"
    reason: str
    field_path: str
    transition: bool
    optional_old: bool

    @classmethod
    def compile(cls, entry: JsonObject) -> "Rule":
        """Compile an entry of ``x-kubernetes-validations``.

        Raises:
            RuleError: the rule or its message expression does not compile, or names an unknown variable.
        """
        source = str(entry["rule"]).strip()
        program = Expression(source)
        expression = str(entry.get("messageExpression") or "").strip()
        return cls(
            source=source,
            program=program,
            message=str(entry.get("message") or "").strip(),
            message_program=Expression(expression) if expression else None,
            reason=str(entry.get("reason") or "FieldValueInvalid"),
            field_path=str(entry.get("fieldPath") or ""),
            transition="oldSelf" in program.variables,
            optional_old=bool(entry.get("optionalOldSelf")),
        )


def check_rules(schema: "Schema", value: Json, old: Json, path: str) -> list[Cause]:
    """Evaluate every rule of a schema on a value; ``old`` is None where there was none.

    The value must be valid otherwise: rules rely on the types that the schema promises.
    """
    causes: list[Cause] = []
    _walk(schema, value, old, path, causes)
    return causes


def _walk(schema: "Schema", value: Json, old: Json, path: str, causes: list[Cause]) -> None:
    if not schema.has_rules or value is None:
        return
    for rule in schema.rules:
        cause = _evaluate(rule, schema, value, old, path)
        if cause is not None:
            causes.append(cause)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name, child in schema.properties.items():
            if name in value:
                _walk(child, value[name], before.get(name), f"{path}.{name}" if path else name, causes)
        if schema.additional is not None:
            for name, item in value.items():
                _walk(schema.additional, item, before.get(name), f"{path}[{name}]", causes)
    elif isinstance(value, list) and schema.items is not None:
        previous = _by_key(schema, old)
        for index, item in enumerate(value):
            _walk(schema.items, item, previous.get(_item_key(schema, item)), f"{path}[{index}]", causes)


def _by_key(schema: "Schema", items: Json) -> Mapping[tuple[str, ...], Json]:
    """Old items that can be matched with new ones: only lists of type map have an identity."""
    if schema.list_type != "map" or not isinstance(items, list):
        return {}
    return {_item_key(schema, item): item for item in items}


def _item_key(schema: "Schema", item: Json) -> tuple[str, ...]:
    if not isinstance(item, dict):
        return ()
    return tuple(repr(item.get(name)) for name in schema.list_keys)


def _evaluate(rule: Rule, schema: "Schema", value: Json, old: Json, path: str) -> Cause | None:
    variables: dict[str, Any] = {"self": _to_cel(schema, value)}
    if rule.optional_old:
        variables["oldSelf"] = cel.OptionalValue.none() if old is None else cel.OptionalValue.of(_to_cel(schema, old))
    elif rule.transition:
        if old is None:
            return None
        variables["oldSelf"] = _to_cel(schema, old)
    try:
        holds = rule.program.evaluate(variables)
    except Exception as error:  # noqa: BLE001 the library raises many types for an expression that fails on a value
        return _cause(
            rule, schema, path, f"rule evaluation error: {_summary(error, rule.source)} evaluating rule: {rule.source}"
        )
    if holds is True:
        return None
    return _cause(rule, schema, path, _message(rule, variables))


def _message(rule: Rule, variables: dict[str, Any]) -> str:
    if rule.message_program is not None:
        try:
            text = rule.message_program.evaluate(variables)
        except Exception:  # noqa: BLE001 as above; the plain message stands in, as in the Kubernetes API server
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text:
            return text.strip()
    return rule.message or f"failed rule: {rule.source}"


def _cause(rule: Rule, schema: "Schema", path: str, message: str) -> Cause:
    shown = f'"{schema.type or "object"}"'
    template = _REASONS.get(rule.reason, _REASONS["FieldValueInvalid"])
    place = f"{path}{rule.field_path}" if path else rule.field_path.removeprefix(".")
    return Cause(rule.reason, template.format(shown=shown, message=message), place or "<nil>")


def _summary(error: Exception, source: str) -> str:
    """What went wrong without the value: it may be a credential.

    A missing key is named only where the rule itself names it; with ``map[self]`` the key is the value.
    """
    if isinstance(error, KeyError) and str(error.args[0]) in source:
        return f"no such key: {error.args[0]}"
    return type(error).__name__


def _to_cel(schema: "Schema", value: Json) -> Any:
    """A JSON value as the type its schema gives it in CEL."""
    if isinstance(value, dict):
        if schema.additional is not None:
            return {name: _to_cel(schema.additional, item) for name, item in value.items()}
        return {
            escape(name): _to_cel(schema.properties[name], item) if name in schema.properties else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_to_cel(schema.items, item) for item in value] if schema.items is not None else value
    if schema.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.type == "integer" and isinstance(value, float):
        return int(value)
    if schema.type == "string" and isinstance(value, str):
        return _formatted(str(schema.raw.get("format", "")), value)
    return value


def _formatted(form: str, text: str) -> Any:
    if form in ("date-time", "date"):
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if form == "duration":
        return parse_duration(text)
    return text


def escape(name: str) -> str:
    """A property name as a CEL identifier (Kubernetes: "property names are escaped")."""
    if name in _RESERVED:
        return f"__{name}__"
    return re.sub(r"__|[./-]", lambda match: _ESCAPES[match[0]], name)
