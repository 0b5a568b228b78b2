"""Parameters that several calls take."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from pydantic import BeforeValidator

from vap_api.http.cursor import MAX_CURSOR_LENGTH
from vap_api.settings import MAX_LIMIT
from vap_common.times import Timestamp

ScenarioUuid = Annotated[UUID, Path(description="As answered by POST /api/v1/scenario/init.")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Entries on the page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR_LENGTH, description="next_cursor of the page before; opaque."),
]


def _written_out(value: object) -> object:
    # Pydantic takes a number, also one written as text, for seconds since 1970.
    if isinstance(value, str) and "-" in value[1:]:
        return value
    raise ValueError("a time is written as RFC 3339 has it: 2026-03-01T12:00:00Z")


Moment = Annotated[Timestamp, BeforeValidator(_written_out)]
"""A time in a query."""
