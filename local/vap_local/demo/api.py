"""The REST calls that the demo makes, as any client would."""

from datetime import datetime
from types import TracebackType
from typing import Self

import httpx
from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """What the demo needs of an answer; the rest is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Step(Answer):
    """A state that the scenario reached."""

    status: str
    reason: str
    at: datetime
    runner: str | None = None


class Found(Answer):
    """An object in a frame."""

    class_name: str = Field(alias="class")
    confidence: float
    bbox: tuple[int, int, int, int]


class SeenFrame(Answer):
    """An analysed frame."""

    frame_number: int
    timestamp: datetime
    detections: tuple[Found, ...]


class Page(Answer):
    """New frames and where to go on."""

    status: str
    reason: str
    message: str = ""
    results: tuple[SeenFrame, ...]
    next_cursor: str


class History(Answer):
    """All states so far."""

    transitions: tuple[Step, ...]


class Accepted(Answer):
    """Answer to a start or a shutdown."""

    scenario_uuid: str
    status: str


class PlatformApi:
    """A session with the REST API. Raises httpx.HTTPError."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def start(self, camera_url: str, **settings: str | float) -> Accepted:
        """POST /scenario/init."""
        return Accepted.model_validate_json(self._post("/scenario/init", {"camera_url": camera_url, **settings}))

    def shut_down(self, scenario: str) -> Accepted:
        """POST /scenario/{uuid}/shutdown."""
        return Accepted.model_validate_json(self._post(f"/scenario/{scenario}/shutdown", None))

    def history(self, scenario: str) -> History:
        """GET /scenarios/{uuid}/history."""
        return History.model_validate_json(self._get(f"/scenarios/{scenario}/history"))

    def frames(self, scenario: str, cursor: str) -> Page:
        """GET /prediction/{uuid}: what came after `cursor`."""
        return Page.model_validate_json(self._get(f"/prediction/{scenario}", cursor=cursor, limit="1000"))

    def _get(self, path: str, **query: str) -> bytes:
        return self._http.get(path, params=query).raise_for_status().content

    def _post(self, path: str, body: dict[str, str | float] | None) -> bytes:
        return self._http.post(path, json=body).raise_for_status().content
