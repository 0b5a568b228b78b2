"""The REST API, as a client sees it."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from tests.support.waiting import wait_for

Json = dict[str, Any]
Identity = tuple[int, int, str]
"""(epoch, frame_number, timestamp): what makes a result one result."""
STATES = (
    "init_startup", "in_startup_processing", "active", "init_shutdown", "in_shutdown_processing", "inactive",
)  # fmt: skip


class Rest:
    """Calls that try again while the API is being restarted."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=f"{base_url}/api/v1", timeout=10)

    def close(self) -> None:
        self.http.close()

    def start(self, camera_url: str, **settings: object) -> str:
        """POST; the scenario's uuid."""
        answer = self.http.post("/scenario/init", json={"camera_url": camera_url, **settings})
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "init_startup"
        return str(answer.json()["scenario_uuid"])

    def shut_down(self, scenario: str) -> None:
        answer = self.http.post(f"/scenario/{scenario}/shutdown")
        assert answer.status_code == 200, answer.text

    def get(self, path: str, **query: str) -> Json:
        """GET; a refused connection or a 503 is tried again, because a service may just be restarting."""
        deadline = time.monotonic() + 30

        def ask() -> httpx.Response | None:
            try:
                answer = self.http.get(path, params=query)
            except httpx.TransportError:
                return None
            return None if answer.status_code == 503 else answer

        answer = wait_for(ask, f"an answer to GET {path}", timeout_s=deadline - time.monotonic(), interval_s=0.1)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        body: Json = answer.json()
        return body

    def scenario(self, scenario: str) -> Json:
        return self.get(f"/scenarios/{scenario}")

    def history(self, scenario: str) -> list[Json]:
        transitions: list[Json] = self.get(f"/scenarios/{scenario}/history", limit="1000")["transitions"]
        return transitions

    def states(self, scenario: str) -> list[str]:
        return [transition["status"] for transition in self.history(scenario)]

    def results(self, scenario: str) -> list[Json]:
        """Every stored frame, by following the cursor from the first."""
        frames: list[Json] = []
        cursor = "first"
        while True:
            page = self.get(f"/prediction/{scenario}", limit="1000", cursor=cursor)
            if not page["results"]:
                return frames
            frames += page["results"]
            cursor = page["next_cursor"]

    def newest(self, scenario: str, limit: int = 1) -> list[Json]:
        results: list[Json] = self.get(f"/prediction/{scenario}", limit=str(limit))["results"]
        return results

    def wait_for_state(self, scenario: str, state: str, timeout_s: float = 40) -> Json:
        def reached() -> Json | None:
            found = self.scenario(scenario)
            return found if found["status"] == state else None

        return wait_for(reached, f"{scenario} to be {state}", timeout_s, interval_s=0.1)

    def wait_for_frames(
        self, scenario: str, wanted: Callable[[Json], bool] = lambda _frame: True, timeout_s: float = 40
    ) -> Json:
        """The newest stored frame, once it is as `wanted`."""

        def found() -> Json | None:
            newest = self.newest(scenario)
            return newest[0] if newest and wanted(newest[0]) else None

        return wait_for(found, f"stored frames of {scenario}", timeout_s, interval_s=0.1)


def identities(frames: Iterable[Json]) -> list[Identity]:
    return [(frame["epoch"], frame["frame_number"], frame["timestamp"]) for frame in frames]


def assert_full_life(states: list[str]) -> None:
    """All six states in their order, and nothing else."""
    assert states == list(STATES), states
