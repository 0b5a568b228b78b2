"""Deleting always finishes: from every state, and with Kafka, the runner or the pod gone."""

import pytest

from tests.operator.support.platform import ENDING, Platform
from tests.support.waiting import wait_for
from vap_common.messages import InitCommand


def delete(platform: Platform, name: str) -> None:
    platform.kube.delete("videoscenarios", name)


def test_delete_in_init_startup(shared: Platform) -> None:
    scenario = shared.apply("in-init-startup", runnerPoolName="nowhere")
    shared.wait_state("in-init-startup", "init_startup", "NoCapacity")
    delete(shared, "in-init-startup")
    shared.wait_gone("in-init-startup")
    assert shared.wait_published(scenario, "inactive").reason == "Deleted"
    assert shared.history(scenario) == ["init_startup", *ENDING]


def test_delete_in_startup_processing(shared: Platform) -> None:
    scenario = shared.apply("in-startup", source={"url": "rtsp://10.0.0.7/wait"})
    shared.wait_state("in-startup", "in_startup_processing")
    wait_for(lambda: shared.farm.on(scenario), "the worker")
    delete(shared, "in-startup")
    shared.wait_gone("in-startup")
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == ["init_startup", "in_startup_processing", *ENDING]
    assert shared.farm.on(scenario) is None


def test_delete_when_active(shared: Platform) -> None:
    scenario = shared.apply("when-active")
    shared.wait_state("when-active", "active")
    delete(shared, "when-active")
    shared.wait_gone("when-active")
    assert shared.wait_published(scenario, "inactive").reason == "Deleted"


def test_delete_in_shutdown_processing_of_a_worker_that_does_not_stop(shared: Platform) -> None:
    scenario = shared.apply("in-shutdown")
    shared.wait_state("in-shutdown", "active")
    runner = wait_for(lambda: shared.farm.on(scenario), "the worker")
    runner.stubborn = True
    shared.kube.patch("videoscenarios", "in-shutdown", {"spec": {"desiredState": "Inactive"}})
    shared.wait_state("in-shutdown", "in_shutdown_processing", "ShutdownRequested")
    delete(shared, "in-shutdown")
    shared.wait_gone("in-shutdown")
    last = shared.wait_published(scenario, "inactive")
    assert last.reason == "ShutdownRequested"
    runner.stubborn = False
    # Nobody wants it any more: it is told again.
    wait_for(lambda: shared.farm.on(scenario) is None, "the stubborn worker to be told again")


def test_delete_when_inactive(shared: Platform) -> None:
    scenario = shared.apply("when-inactive", source={"url": "rtsp://10.0.0.7/complete"})
    shared.wait_state("when-inactive", "inactive")
    delete(shared, "when-inactive")
    shared.wait_gone("when-inactive")
    assert shared.wait_published(scenario, "inactive").reason == "Completed"


@pytest.mark.parametrize("state", ["active", "init_startup"])
def test_delete_with_kafka_gone(platform: Platform, state: str) -> None:
    platform.make_pool()
    platform.wait_ready()
    pool = "default" if state == "active" else "nowhere"
    platform.apply("offline", runnerPoolName=pool)
    platform.wait_state("offline", state, None if state == "active" else "NoCapacity")
    platform.broker.kill()
    delete(platform, "offline")
    platform.wait_gone("offline")


def test_delete_in_init_shutdown_with_kafka_gone(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    platform.apply("offline")
    platform.wait_state("offline", "active")
    platform.broker.kill()
    platform.kube.patch("videoscenarios", "offline", {"spec": {"desiredState": "Inactive"}})
    # The stop cannot be published, so it stays there.
    platform.wait_state("offline", "init_shutdown", "ShutdownRequested")
    delete(platform, "offline")
    platform.wait_gone("offline")


def test_delete_with_the_runner_frozen_or_gone(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=2)
    platform.wait_ready(free=8)
    frozen = platform.apply("frozen")
    platform.wait_state("frozen", "active")
    runner = platform.farm.on(frozen)
    assert runner
    runner.freeze()
    delete(platform, "frozen")
    platform.wait_gone("frozen")
    assert platform.wait_published(frozen, "inactive").reason == "Deleted"
    runner.thaw()
    platform.apply("podless")
    placement = platform.wait_state("podless", "active")["placement"]
    platform.farm.hold.set()
    platform.kube.delete("pods", placement["runner"].rpartition(".")[0], now=True)
    delete(platform, "podless")
    platform.wait_gone("podless")


def test_without_the_finalizers_leave_the_end_is_told_all_the_same(shared: Platform) -> None:
    scenario = shared.apply("forced")
    shared.wait_state("forced", "active")
    shared.operator.check()
    shared.kube.patch("videoscenarios", "forced", {"metadata": {"finalizers": []}})
    delete(shared, "forced")
    shared.wait_gone("forced")
    assert shared.wait_published(scenario, "inactive").reason == "Deleted"
    wait_for(lambda: shared.farm.on(scenario) is None, "the worker to stop")
    shared.ask(InitCommand.SYNC, scenario, last_epoch=1)
    shared.wait_published(scenario, "inactive")
