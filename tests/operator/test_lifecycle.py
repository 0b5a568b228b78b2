"""The six states, in order, for every way in which a scenario begins and ends."""

from tests.operator.support.platform import ENDING, LIVING, Platform
from tests.support.waiting import wait_for


def test_startup_to_active_to_shutdown_in_order(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    scenario = platform.startup()
    status = platform.wait_state(scenario, "active", "FramesFlowing")
    assert status["conditions"][0] == status["conditions"][0] | {"type": "Ready", "status": "True"}
    platform.shutdown(scenario)
    platform.wait_state(scenario, "inactive", "ShutdownRequested")
    platform.wait_published(scenario, "inactive")
    assert platform.history(scenario) == LIVING + ENDING
    wait_for(lambda: platform.orders.ends_with_tombstone(scenario), "the tombstone")
    assert [order.action.value for order in platform.orders.of(scenario)] == ["start", "stop"]
    assert platform.farm.on(scenario) is None
