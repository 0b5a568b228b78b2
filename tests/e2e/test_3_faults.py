"""Each process is killed, a runner is frozen: all heals by itself, and no acknowledged result is lost or doubled."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import World
from tests.e2e.support.kube import PODS, resource_of, scenario_path
from tests.e2e.support.rest import Json
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e
LOOPING = {"detector": "mock", "on_stream_end": "Restart"}
FREEZE_S = 30.0


@pytest.fixture
def scenario(world: World) -> Iterator[str]:
    """A running scenario; afterwards it ends in order, with every result stored exactly once."""
    started = world.rest.start(world.clip, **LOOPING)
    world.rest.wait_for_state(started, "active")
    world.rest.wait_for_frames(started)
    yield started
    world.rest.shut_down(started)
    world.rest.wait_for_state(started, "inactive", timeout_s=60)
    world.assert_stored_exactly_once(started)


def frames_go_on(world: World, scenario: str, since: float) -> Json:
    """Waits for a stored frame that was captured after `since` (Unix time)."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since)) + f".{int(since * 1000) % 1000:03d}Z"
    return world.rest.wait_for_frames(scenario, lambda frame: frame["timestamp"] > moment, timeout_s=60)


def a_new_scenario_works(world: World) -> None:
    scenario = world.rest.start(world.short_clip, detector="mock")
    world.rest.wait_for_state(scenario, "inactive", timeout_s=60)
    assert world.rest.history(scenario)[-1]["reason"] == "Completed"
    world.assert_stored_exactly_once(scenario)


@pytest.mark.parametrize("name", ["api", "relay", "inbox", "operator"])
def test_a_killed_service_heals(world: World, scenario: str, name: str) -> None:
    epoch = world.rest.scenario(scenario)["epoch"]
    killed_at = time.time()
    old = world.platform.kill(name)
    world.platform.wait_until_restarted(name, old)
    frames_go_on(world, scenario, killed_at)
    world.rest.get("/scenarios")  # waits for the api
    a_new_scenario_works(world)
    assert world.rest.scenario(scenario)["epoch"] == epoch, "the running worker was not touched"


def test_a_killed_worker_process_gets_a_successor(world: World, scenario: str) -> None:
    before = world.rest.scenario(scenario)
    os.kill(before["process_pid"], signal.SIGKILL)
    frame = frames_go_on(world, scenario, time.time() + 0.5)
    assert frame["epoch"] > before["epoch"]
    reasons = [transition["reason"] for transition in world.rest.history(scenario)]
    assert "WorkerLost" in reasons
    world.rest.wait_for_state(scenario, "active")


def test_a_killed_runner_is_restarted_and_its_scenario_moves_on(world: World, scenario: str) -> None:
    before = world.rest.scenario(scenario)
    pod = before["runner"].partition(".")[0]
    world.platform.kill(f"pod/{pod}/runner")
    frame = frames_go_on(world, scenario, time.time() + 0.5)
    assert frame["epoch"] > before["epoch"]
    world.rest.wait_for_state(scenario, "active")
    assert world.rest.scenario(scenario)["runner"] != before["runner"]


def test_a_killed_database_comes_back_with_everything(world: World, scenario: str) -> None:
    killed_at = time.time()
    old = world.platform.kill("postgres")
    world.platform.wait_until_restarted("postgres", old)
    frames_go_on(world, scenario, killed_at)
    a_new_scenario_works(world)


def test_a_killed_api_server_and_pod_runner_come_back(world: World, scenario: str) -> None:
    old = world.platform.kill("kube-api")
    world.platform.wait_until_restarted("kube-api", old)
    a_new_scenario_works(world)
    before = world.rest.scenario(scenario)
    old = world.platform.kill("pods")
    world.platform.wait_until_restarted("pods", old)
    frame = frames_go_on(world, scenario, time.time() + 0.5)
    assert frame["epoch"] > before["epoch"], "its processes died with the pod runner"
    assert world.kube.get(scenario_path(resource_of(scenario)))["status"]["state"] in (
        "active", "in_startup_processing", "init_startup",
    )  # fmt: skip
    world.rest.wait_for_state(scenario, "active")


def test_a_runner_that_freezes_for_half_a_minute_loses_its_scenario_and_does_no_harm(
    world: World, scenario: str
) -> None:
    before = world.rest.scenario(scenario)
    pod = before["runner"].partition(".")[0]
    (runner,) = world.platform.processes()[f"pod/{pod}/runner"]
    frozen_at = time.time()
    os.kill(runner, signal.SIGSTOP)
    try:
        frame = world.rest.wait_for_frames(scenario, lambda frame: frame["epoch"] > before["epoch"], timeout_s=60)
        moved_after = time.time() - frozen_at
        after = world.rest.scenario(scenario)
        assert after["runner"] != before["runner"]
        assert frame["epoch"] > before["epoch"]
        assert moved_after < FREEZE_S, "the scenario moved while its runner was frozen"
        wait_for(lambda: time.time() - frozen_at > FREEZE_S, "the end of the freeze", FREEZE_S + 5, interval_s=0.2)
    finally:
        os.kill(runner, signal.SIGCONT)
    frames_go_on(world, scenario, time.time() + 2)
    newest = world.rest.newest(scenario)[0]
    assert newest["epoch"] == world.rest.scenario(scenario)["epoch"], "only one worker works on it"
    wait_for(
        lambda: _pod_is_ready(world, pod) or world.kube.find(f"{PODS}/{pod}") is None,
        "the runner to be ready again, or replaced",
        60,
    )


def _pod_is_ready(world: World, pod: str) -> bool:
    body = world.kube.find(f"{PODS}/{pod}") or {}
    conditions = (body.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
