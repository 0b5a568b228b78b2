"""Runners that freeze, vanish, restart, drain or report what nobody asked for."""

import uuid

from tests.operator.support.fake_runner import FakeWorker
from tests.operator.support.platform import Platform
from tests.support.waiting import wait_for
from vap_common.lifecycle import WorkerState
from vap_common.messages import DeployAction, ToDeploy
from vap_common.times import utc_now


def test_the_scenarios_of_a_frozen_runner_move_and_its_old_workers_stop_when_it_thaws(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=2)
    platform.wait_ready(free=8)
    scenario = platform.startup()
    before = platform.wait_state(scenario, "active")["placement"]
    old = platform.farm.on(scenario)
    assert old
    old.freeze()
    after = platform.wait_epoch_after(scenario, before["epoch"])
    assert after["placement"]["runner"] != before["runner"]
    lost = [entry for entry in after["transitions"] if entry["reason"] == "WorkerLost"]
    assert "nothing was heard" in lost[0]["message"]
    assert old.running() == {scenario: before["epoch"]}
    old.thaw()
    wait_for(lambda: not old.running(), "the old worker to stop")
    assert platform.status(scenario)["placement"]["epoch"] == after["placement"]["epoch"]


def test_a_deleted_pod_is_lost_at_once_and_replaced(platform: Platform) -> None:
    platform.make_pool(minRunners=1, maxRunners=1)
    platform.wait_ready()
    scenario = platform.startup()
    before = platform.wait_state(scenario, "active")["placement"]
    pod = before["runner"].rpartition(".")[0]
    platform.farm.hold.set()
    platform.kube.delete("pods", pod, now=True)
    # With no other runner the scenario goes back to wait for the new one.
    status = platform.wait_state(scenario, "init_startup", "Queued", timeout_s=2.5)
    assert not status["placement"]["assigned"]
    platform.farm.hold.clear()
    after = platform.wait_epoch_after(scenario, before["epoch"])
    assert after["placement"]["runner"].rpartition(".")[0] != pod
    assert platform.farm.on(scenario)


def test_a_restarted_container_is_another_runner(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    scenario = platform.startup()
    before = platform.wait_state(scenario, "active")["placement"]
    pod = before["runner"].rpartition(".")[0]
    platform.farm.restart(pod)
    after = platform.wait_epoch_after(scenario, before["epoch"])["placement"]
    assert after["runner"].rpartition(".")[0] == pod
    assert after["runner"] != before["runner"]


def test_a_draining_runner_gets_no_work_and_its_scenarios_move(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=2)
    platform.wait_ready(free=8)
    scenario = platform.startup()
    before = platform.wait_state(scenario, "active")["placement"]
    runner = platform.farm.on(scenario)
    assert runner
    runner.draining = True

    def drained(worker: FakeWorker) -> None:
        worker.state = WorkerState.DRAINED

    runner.change(scenario, drained)
    after = platform.wait_epoch_after(scenario, before["epoch"])
    assert after["placement"]["runner"] != before["runner"]
    assert "RunnerDrained" in {entry["reason"] for entry in after["transitions"]}


def test_a_worker_that_keeps_dying_is_started_ever_more_slowly(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    scenario = platform.startup(camera_url="rtsp://10.0.0.7/die")
    status = platform.wait_state(scenario, "init_startup", "WorkerLost")
    starts = len(platform.farm.starts())
    assert status["placement"]["restarts"] == starts - 1 <= 3
    assert "signal 9" in status["message"] or "again and again" in status["message"]
    platform.shutdown(scenario)
    platform.wait_state(scenario, "inactive")


def test_a_runner_that_reports_but_lost_the_order_is_not_waited_for_for_ever(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=2)
    platform.wait_ready(free=8)
    scenario = platform.startup()
    before = platform.wait_state(scenario, "active")["placement"]
    runner = platform.farm.on(scenario)
    assert runner
    del runner.workers[scenario]
    platform.wait_epoch_after(scenario, before["epoch"])


def test_a_stray_worker_is_stopped(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    (runner,) = platform.farm.runners.values()
    stray = uuid.uuid4()
    runner.adopt(
        ToDeploy(
            scenario_uuid=stray,
            camera_url="rtsp://10.0.0.7/run",
            worker_id=uuid.uuid4(),
            action=DeployAction.START,
            runner=runner.name,
            epoch=1_700_000_000_000,
            issued_at=utc_now(),
        )
    )
    wait_for(lambda: not runner.running(), "the stray to stop")
    wait_for(lambda: platform.orders.of(stray), "the order that stopped it")
    assert [(order.action, order.epoch) for order in platform.orders.of(stray)] == [
        (DeployAction.STOP, 1_700_000_000_000)
    ]


def test_a_worker_of_an_older_epoch_does_not_make_the_newer_one_regress(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=2)
    platform.wait_ready(free=8)
    scenario = platform.startup()
    current = platform.wait_state(scenario, "active")["placement"]
    other = next(runner for runner in platform.farm.runners.values() if runner.name != current["runner"])
    started = platform.orders.of(scenario)[-1]
    older = {"epoch": started.epoch - 5, "runner": other.name, "worker_id": uuid.uuid4()}
    other.adopt(started.model_copy(update=older))
    wait_for(lambda: not other.running(), "the older worker to stop")
    assert {order.action for order in platform.orders.of(scenario)} == {DeployAction.START}
    assert platform.status(scenario)["placement"]["epoch"] == current["epoch"]
    home = platform.farm.on(scenario)
    assert home
    assert home.name == current["runner"]
