"""Every way through the lifecycle, as REST and kubectl tell it."""

import uuid
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import World
from tests.e2e.support.kube import POOL, resource_of, scenario_path
from tests.e2e.support.rest import STATES, assert_full_life
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e
LOOPING = {"detector": "mock", "on_stream_end": "Restart"}


def assert_seen_by_kubectl(world: World, name: str, *, deleted: bool = False) -> None:
    """The watch saw every state, in order, and the object's own list agrees."""
    if not deleted:
        wait_for(lambda: world.watch.states(name)[-1:] == ["inactive"], f"the watch to see {name} inactive", 10)
        assert_full_life(world.watch.transitions(name))
    else:
        wait_for(lambda: world.watch.is_deleted(name), f"the watch to see {name} deleted", 10)
    seen = [state for state in world.watch.states(name) if state]
    assert seen == [state for state in STATES if state in seen], seen
    assert {"init_startup", "active"} <= set(seen), seen


def test_people_are_found_in_real_footage(world: World) -> None:
    scenario = world.rest.start(world.clip, classes=["person"])
    frame = world.rest.wait_for_frames(scenario, lambda frame: len(frame["detections"]) >= 3)
    for found in frame["detections"]:
        assert found["class"] == "person"
        assert 0.5 <= found["confidence"] <= 1
        x1, y1, x2, y2 = found["bbox"]
        assert 0 <= x1 < x2 <= frame["width"] == 768
        assert 0 <= y1 < y2 <= frame["height"] == 576
    world.rest.shut_down(scenario)
    world.rest.wait_for_state(scenario, "inactive")
    assert_full_life(world.rest.states(scenario))
    assert world.rest.history(scenario)[-1]["reason"] == "ShutdownRequested"
    assert_seen_by_kubectl(world, resource_of(scenario))
    world.assert_stored_exactly_once(scenario)


def test_the_end_of_a_file_completes_the_scenario(world: World) -> None:
    scenario = world.rest.start(world.short_clip)
    world.rest.wait_for_state(scenario, "inactive")
    history = world.rest.history(scenario)
    assert_full_life([transition["status"] for transition in history])
    assert history[-1]["reason"] == "Completed"
    assert_seen_by_kubectl(world, resource_of(scenario))
    world.assert_stored_exactly_once(scenario)


def test_deleting_the_custom_resource_ends_the_scenario(world: World) -> None:
    scenario = world.rest.start(world.clip, **LOOPING)
    world.rest.wait_for_state(scenario, "active")
    name = resource_of(scenario)
    world.kube.delete(scenario_path(name))
    world.kube.wait_until_gone(scenario_path(name))
    world.rest.wait_for_state(scenario, "inactive")
    history = world.rest.history(scenario)
    assert_full_life([transition["status"] for transition in history])
    assert history[-1]["reason"] == "Deleted"
    assert_seen_by_kubectl(world, name, deleted=True)
    world.assert_stored_exactly_once(scenario)


def test_desired_state_inactive_ends_the_scenario(world: World) -> None:
    scenario = world.rest.start(world.clip, **LOOPING)
    world.rest.wait_for_state(scenario, "active")
    name = resource_of(scenario)
    world.kube.patch_spec(scenario_path(name), {"desiredState": "Inactive"})
    world.rest.wait_for_state(scenario, "inactive")
    assert_full_life(world.rest.states(scenario))
    assert_seen_by_kubectl(world, name)
    world.assert_stored_exactly_once(scenario)


def test_a_scenario_made_with_kubectl_appears_in_rest(world: World) -> None:
    name = f"yard-{uuid.uuid4().hex[:6]}"
    spec = {"source": {"url": world.clip}, "detector": {"name": "mock"}, "onStreamEnd": "Restart"}
    scenario = world.kube.create_scenario(name, spec)["metadata"]["uid"]
    wait_for(lambda: world.rest.http.get(f"/scenarios/{scenario}").status_code == 200, "the scenario in REST")
    world.rest.wait_for_state(scenario, "active")
    world.rest.wait_for_frames(scenario)
    world.rest.shut_down(scenario)
    world.rest.wait_for_state(scenario, "inactive")
    assert_full_life(world.rest.states(scenario))
    assert_seen_by_kubectl(world, name)
    world.assert_stored_exactly_once(scenario)


@pytest.fixture
def closed_pool(world: World) -> Iterator[None]:
    """A pool that may have no runner at all."""
    before = world.kube.get(POOL)["spec"]
    world.kube.patch_spec(POOL, {"minRunners": 0, "maxRunners": 0})
    wait_for(lambda: world.kube.get(POOL)["status"].get("readyRunners", 0) == 0, "the pool to be empty", 60)
    yield
    world.kube.patch_spec(POOL, {"minRunners": before["minRunners"], "maxRunners": before["maxRunners"]})
    wait_for(lambda: world.kube.get(POOL)["status"].get("readyRunners", 0) > 0, "a runner", 60)


@pytest.mark.usefixtures("closed_pool")
def test_shutdown_before_a_slot_was_free_passes_both_shutdown_states(world: World) -> None:
    scenario = world.rest.start(world.clip, **LOOPING)
    wait_for(lambda: world.rest.scenario(scenario)["reason"] == "NoCapacity", "the reason NoCapacity")
    assert world.rest.scenario(scenario)["status"] == "init_startup"
    world.rest.shut_down(scenario)
    world.rest.wait_for_state(scenario, "inactive")
    states = world.rest.states(scenario)
    assert [state for index, state in enumerate(states) if index == 0 or states[index - 1] != state] == [
        "init_startup", "init_shutdown", "in_shutdown_processing", "inactive",
    ]  # fmt: skip
    wait_for(lambda: world.watch.states(resource_of(scenario))[-1:] == ["inactive"], "the watch to see the end", 10)


def test_an_unknown_scenario_and_a_malformed_uuid_get_typed_problems(world: World) -> None:
    for path, status in ((f"/prediction/{uuid.uuid4()}", 404), ("/prediction/no-uuid", 422)):
        answer = world.rest.http.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["type"]
