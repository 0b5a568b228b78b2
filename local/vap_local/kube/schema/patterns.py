"""Regular expressions of schemas. They are written for RE2, whose ``$`` does not match before a final newline."""

import re


class PatternError(ValueError):
    """The expression does not compile."""


class Pattern:
    """A compiled expression that is searched for, not matched whole (JSON Schema, "pattern")."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str) -> None:
        """Compile an expression.

        Raises:
            PatternError: it is not one.
        """
        self.source = source
        try:
            self._compiled = re.compile(_from_re2(source))
        except re.error as error:
            raise PatternError(f"must be a valid regular expression, but isn't: {error}") from None

    def found_in(self, text: str) -> bool:
        """Whether the expression occurs in a text."""
        return self._compiled.search(text) is not None


def _from_re2(source: str) -> str:
    """The same expression for Python: an unescaped ``$`` outside a class, and ``\\z``, are the very end."""
    parts: list[str] = []
    in_class = False
    position = 0
    while position < len(source):
        char = source[position]
        if char == "\\" and position + 1 < len(source):
            pair = source[position : position + 2]
            parts.append(r"\Z" if pair == r"\z" and not in_class else pair)
            position += 2
            continue
        if char == "[" and not in_class:
            in_class = True
        elif char == "]" and in_class and source[position - 1] not in "[^":
            in_class = False
        parts.append(r"\Z" if char == "$" and not in_class else char)
        position += 1
    return "".join(parts)
