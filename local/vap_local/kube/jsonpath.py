"""The part of kubectl's JSONPath that printer columns use: fields, indexes, ``[*]`` and equality filters."""

import re
from collections.abc import Callable

from vap_local.kube.jsons import Json, decode

_FIELD = re.compile(r"\.((?:\\.|[^.\[\]\\])+)|\.?\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\.?\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]")
_INDEX = re.compile(r"\[(-?\d+)\]")
_ALL = re.compile(r"\[\*\]|\.\*")
_FILTER = re.compile(r"\[\?\(\s*@((?:\.[^=!<>\s]+)+)\s*(==|!=)\s*('[^']*'|\"[^\"]*\"|[^\s)]+)\s*\)\]")

Step = Callable[[list[Json]], list[Json]]


class JsonPathError(ValueError):
    """The path is outside the subset that printer columns use."""


class JsonPath:
    """A compiled path such as ``.status.conditions[?(@.type=="Ready")].status``."""

    def __init__(self, source: str) -> None:
        """Compile a path.

        Raises:
            JsonPathError: it cannot be read.
        """
        self._steps: list[Step] = []
        rest = source.strip().removeprefix("{").removesuffix("}").removeprefix("$")
        if rest and rest[0] not in ".[":
            raise JsonPathError(f"{source} must start with a dot")
        while rest and rest != ".":
            step, length = _parse(rest)
            if step is None:
                raise JsonPathError(f"cannot read {source} at {rest}")
            self._steps.append(step)
            rest = rest[length:]

    def find(self, value: Json) -> list[Json]:
        """All values the path leads to, in order."""
        found = [value]
        for step in self._steps:
            found = step(found)
        return found


def _parse(text: str) -> tuple[Step | None, int]:
    if match := _ALL.match(text):
        return _every, match.end()
    if match := _FILTER.match(text):
        return _filter(match[1], match[2], match[3]), match.end()
    if match := _INDEX.match(text):
        return _index(int(match[1])), match.end()
    if match := _FIELD.match(text):
        name = next(group for group in match.groups() if group is not None)
        return _field(re.sub(r"\\(.)", r"\1", name)), match.end()
    return None, 0


def _field(name: str) -> Step:
    return lambda values: [value[name] for value in values if isinstance(value, dict) and name in value]


def _index(position: int) -> Step:
    return lambda values: [
        value[position] for value in values if isinstance(value, list) and -len(value) <= position < len(value)
    ]


def _every(values: list[Json]) -> list[Json]:
    found: list[Json] = []
    for value in values:
        if isinstance(value, list):
            found.extend(value)
        elif isinstance(value, dict):
            found.extend(value.values())
    return found


def _filter(path: str, operator: str, literal: str) -> Step:
    inner = JsonPath(path)
    wanted: Json
    if literal[0] in "'\"":
        wanted = literal[1:-1]
    else:
        try:
            wanted = decode(literal)
        except ValueError:
            raise JsonPathError(f"cannot read the literal {literal}") from None

    def keeps(item: Json) -> bool:
        found = inner.find(item)
        return bool(found) and (found[0] == wanted) is (operator == "==")

    return lambda values: [item for value in values if isinstance(value, list) for item in value if keeps(item)]
