"""Opaque cursors of keyset pages: the last row's key, tagged with the list it belongs to."""

import base64
import binascii

from vap_api.http.problems import InvalidCursorProblem

BIGINT_MAX = 2**63 - 1
MAX_CURSOR_LENGTH = 200


def encode_cursor(kind: str, *key: int) -> str:
    """A cursor for the list `kind` after the row with this key."""
    text = ":".join([kind, *(str(part) for part in key)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str, parts: int) -> tuple[int, ...]:
    """The key in `cursor`. Raises InvalidCursorProblem for one of another list, or of nobody's making."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        found, *numbers = text.split(":")
        key = tuple(_number(number) for number in numbers)
    except (binascii.Error, ValueError):
        key, found = (), ""
    if found != kind or len(key) != parts:
        raise InvalidCursorProblem("Use next_cursor from an answer of this same call, unchanged, or leave it out.")
    return key


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > BIGINT_MAX:
        raise ValueError("no key")
    return int(text)
