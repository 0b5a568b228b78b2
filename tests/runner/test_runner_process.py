"""The runner as a process on a real broker: start, frames, stop, end of file."""

from pathlib import Path

from tests.runner.harness import Desk, RunnerProcess
from tests.support.waiting import wait_for
from vap_common.lifecycle import WorkerState


def test_a_scenario_runs_from_its_order_to_its_stop(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, WARM_DETECTORS="nanodet") as runner:
        order = desk.start(runner.wait_warm(), detector="nanodet", classes=["person"])
        results = desk.wait_results(order, 3)
        desk.stop(order)
        desk.wait_state(order, WorkerState.STOPPED)
        wait_for(lambda: desk.report(order) is None, "the worker to leave the heartbeats")
        runner.wait_warm()
    assert desk.states(order)[-2:] == [WorkerState.RUNNING, WorkerState.STOPPED]
    assert [result.frame_number for result in results[:3]] == [1, 3, 5]
    assert {found.class_name for result in results for found in result.detections} == {"person"}
    assert all(len(result.detections) >= 3 for result in results)
