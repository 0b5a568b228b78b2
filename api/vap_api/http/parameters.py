"""Parameters that several calls take."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from vap_api.http.cursor import MAX_CURSOR_LENGTH
from vap_api.settings import MAX_LIMIT

ScenarioUuid = Annotated[UUID, Path(description="As answered by POST /api/v1/scenario/init.")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Entries on the page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR_LENGTH, description="next_cursor of the page before; opaque."),
]
