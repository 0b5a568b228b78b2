"""Time on the wire and in tables: RFC 3339, UTC, milliseconds and `Z`."""

import time
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer


def utc_now() -> datetime:
    """The current time, UTC, cut to whole milliseconds so that it survives a round trip over the wire."""
    return truncate_to_milliseconds(datetime.now(UTC))


def truncate_to_milliseconds(moment: datetime) -> datetime:
    """`moment` with its microseconds cut (not rounded: a timestamp never lies in the future)."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def format_rfc3339(moment: datetime) -> str:
    """`2026-03-01T12:00:00.250Z`. Raises ValueError for a naive datetime: its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be written as UTC")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_milliseconds() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def _require_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, such as a trailing Z")
    try:
        return truncate_to_milliseconds(moment.astimezone(UTC))
    except OverflowError:
        # Pydantic takes a ValueError for bad input; anything else would end the reader of a poison message.
        raise ValueError("a time must lie within the years 1 to 9999, also in UTC") from None


Timestamp = Annotated[
    datetime,
    AfterValidator(_require_zone),
    PlainSerializer(format_rfc3339, return_type=str, when_used="json"),
]
"""A pydantic field type: aware, UTC, whole milliseconds; JSON form by `format_rfc3339`."""
