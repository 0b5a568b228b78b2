"""The broker dies and comes back empty: topics, orders and statuses are made again."""

import time
from functools import partial

import pytest

from tests.e2e.conftest import World
from tests.e2e.support.kube import resource_of, scenario_path
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e
LOOPING = {"detector": "mock", "on_stream_end": "Restart"}
HEAL_WITHIN_S = 120.0


@pytest.mark.timeout(240)
def test_an_emptied_broker_heals(world: World) -> None:
    running = [world.rest.start(world.clip, **LOOPING) for _ in range(2)]
    for scenario in running:
        world.rest.wait_for_state(scenario, "active")
    killed_at = time.time()
    old = world.platform.kill("broker")
    during = world.rest.start(world.clip, **LOOPING)
    world.platform.wait_until_restarted("broker", old)

    def left() -> float:
        return max(1.0, killed_at + HEAL_WITHIN_S - time.time())

    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(killed_at + 2))
    for scenario in (*running, during):
        world.rest.wait_for_state(scenario, "active", timeout_s=left())
        world.rest.wait_for_frames(scenario, lambda frame: frame["timestamp"] > moment, timeout_s=left())

    def agree(scenario: str) -> bool:
        status = world.kube.get(scenario_path(resource_of(scenario)))["status"]
        shown = world.rest.scenario(scenario)
        return (shown["status"], shown["epoch"]) == (status["state"], status["placement"]["epoch"])

    for scenario in (*running, during):
        wait_for(partial(agree, scenario), "REST and custom resource to agree", left(), 0.5)
    for scenario in (*running, during):
        world.rest.shut_down(scenario)
    for scenario in (*running, during):
        world.rest.wait_for_state(scenario, "inactive", timeout_s=left() + 30)
        stored = world.rest.results(scenario)
        assert len({(frame["epoch"], frame["frame_number"]) for frame in stored}) == len(stored)
