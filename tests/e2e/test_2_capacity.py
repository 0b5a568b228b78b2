"""Three runner pods of four slots: twelve scenarios run side by side, the thirteenth waits."""

from functools import partial

import pytest

from tests.e2e.conftest import World
from tests.e2e.support.kube import POOL
from tests.e2e.support.rest import Json
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e
CAMERA = {"detector": "mock", "on_stream_end": "Restart", "target_fps": 2}
SLOTS = 12


def is_after(number: int, frame: Json) -> bool:
    return int(frame["frame_number"]) > number


def test_the_thirteenth_scenario_waits_until_a_slot_frees(world: World) -> None:
    running = [world.rest.start(world.clip, **CAMERA) for _ in range(SLOTS)]
    for scenario in running:
        world.rest.wait_for_state(scenario, "active", timeout_s=90)
    pods = {world.rest.scenario(scenario)["runner"] for scenario in running}
    assert len(pods) == 3
    pids = {world.rest.scenario(scenario)["process_pid"] for scenario in running}
    assert len(pids) == SLOTS, "every scenario is a process of its own"

    waiting = world.rest.start(world.clip, **CAMERA)
    wait_for(lambda: world.rest.scenario(waiting)["reason"] == "NoCapacity", "the reason NoCapacity")
    assert world.rest.scenario(waiting)["status"] == "init_startup"
    status = world.kube.get(POOL)["status"]
    assert (status["runners"], status["freeSlots"]) == (3, 0)
    for scenario in running:
        number = world.rest.wait_for_frames(scenario)["frame_number"]
        world.rest.wait_for_frames(scenario, partial(is_after, number))

    world.rest.shut_down(running[0])
    world.rest.wait_for_state(waiting, "active")
    for scenario in (*running, waiting):
        world.rest.shut_down(scenario)
    for scenario in (*running, waiting):
        world.rest.wait_for_state(scenario, "inactive")
    for scenario in (running[0], running[-1], waiting):
        world.assert_stored_exactly_once(scenario)
