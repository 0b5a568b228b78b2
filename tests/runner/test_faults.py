"""What a runner does when things die, stop, or come in the wrong order."""

import os
import signal
import socket
import time
from pathlib import Path

from tests.runner.harness import Desk, RunnerProcess, is_alive
from tests.support.waiting import wait_for
from vap_common.lifecycle import WorkerErrorType, WorkerState


def test_a_killed_worker_is_reported_dead_and_never_started_in_place(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, HEARTBEAT_INTERVAL_SECONDS="0.2") as runner:
        name = runner.wait_warm()
        order = desk.start(name)
        pid = desk.wait_state(order, WorkerState.RUNNING).process_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        report = desk.wait_state(order, WorkerState.FAILED)
        assert report.error is not None
        assert report.error.type is WorkerErrorType.WORKER_DIED
        runner.wait_warm()
        desk.send(order)  # a new leader publishes the same order again
        successor = desk.start(name, scenario=order.scenario_uuid, epoch=order.epoch + 1)
        desk.wait_results(successor, 3)
    assert desk.states(order)[-1] is WorkerState.FAILED


def test_a_killed_runner_leaves_no_worker_behind(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, slots=2) as runner:
        order = desk.start(runner.wait_warm(2))
        desk.wait_state(order, WorkerState.RUNNING)
        children = runner.children()
        assert len(children) == 2
        runner.process.kill()
        wait_for(lambda: not any(map(is_alive, children)), "the end of the workers", 5)


def test_older_epochs_are_ignored_and_newer_ones_take_over(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, slots=2) as runner:
        name = runner.wait_warm(2)
        order = desk.start(name, epoch=2_000)
        desk.wait_state(order, WorkerState.RUNNING)
        older = desk.start(name, scenario=order.scenario_uuid, epoch=1_999)
        desk.stop(older)
        newer = desk.start(name, scenario=order.scenario_uuid, epoch=2_001)
        desk.wait_state(newer, WorkerState.RUNNING)
        assert desk.wait_state(order, WorkerState.STOPPED).stop_read
        assert desk.reports(older) == []


def test_an_order_that_names_another_runner_stops_the_own_worker(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm())
        desk.wait_results(order, 2)
        desk.start("another-runner.0", scenario=order.scenario_uuid, epoch=order.epoch + 1)
        assert desk.wait_state(order, WorkerState.STOPPED).stop_read
        wait_for(lambda: desk.report(order) is None, "the worker to leave the heartbeats")
        assert runner.process.poll() is None


def test_a_stop_that_comes_before_its_start_wins(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder) as runner:
        name = runner.wait_warm()
        order = desk.start("nobody", epoch=5)
        mine = order.model_copy(update={"runner": name, "epoch": 6})
        desk.stop(mine)
        desk.send(mine)
        probe = desk.start(name)
        desk.wait_state(probe, WorkerState.RUNNING)
        assert desk.reports(mine) == []


def test_a_stopped_runner_holds_its_results_and_obeys_what_it_missed(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, slots=2, LEASE_SECONDS="1.5", HEARTBEAT_INTERVAL_SECONDS="0.3") as runner:
        name = runner.wait_warm(2)
        moved = desk.start(name, on_stream_end="Restart")
        kept = desk.start(name, on_stream_end="Restart")
        desk.wait_results(moved, 2)
        desk.wait_results(kept, 2)
        runner.process.send_signal(signal.SIGSTOP)
        stopped_at = time.time()
        wait_for(lambda: time.time() > stopped_at + 3, "the lease to run out")
        # The workers live on, but nothing of them arrives any more.
        desk.results(moved)
        successor = desk.start("another-runner.0", scenario=moved.scenario_uuid, epoch=moved.epoch + 1)
        runner.process.send_signal(signal.SIGCONT)
        desk.wait_state(moved, WorkerState.STOPPED)
        before = max(r.frame_number for r in desk.results(kept))
        wait_for(lambda: desk.results(kept)[-1].frame_number > before + 5, "frames after the pause")
        kept_results = desk.results(kept)
    assert successor.epoch > moved.epoch
    numbers = [result.frame_number for result in kept_results]
    assert numbers == list(range(1, numbers[-1] + 1, 2)), "what was held came after all, once and in order"
    late = [r for r in desk.results(moved) if r.published_at.timestamp() > stopped_at + 2.0]
    assert late == [], "a superseded worker sent something after its lease had run out"


def test_sigterm_drains_within_seconds(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, slots=2) as runner:
        name = runner.wait_warm(2)
        order = desk.start(name)
        desk.wait_results(order, 2)
        begin = time.monotonic()
        runner.process.terminate()
        late = desk.start(name)
        assert runner.process.wait(timeout=15) == 0
        assert time.monotonic() - begin < 10
        assert desk.wait_state(order, WorkerState.DRAINED).frames >= 2
        status = runner.status()
        assert status is not None
        assert status.draining
        assert WorkerState.RUNNING not in desk.states(late)


def test_a_worker_that_needs_too_much_memory_is_ended_with_its_reason(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, WORKER_MEMORY_LIMIT_MB="20") as runner:
        order = desk.start(runner.wait_warm())
        report = desk.wait_state(order, WorkerState.FAILED)
        assert report.error is not None
        assert report.error.type is WorkerErrorType.MEMORY_LIMIT
        assert "20 MiB" in report.error.message
        runner.wait_warm()


def test_stop_works_while_a_dead_camera_is_opened(desk: Desk, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, RunnerProcess(desk, folder) as runner:
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/a"
        order = desk.start(runner.wait_warm(), url)
        desk.wait_state(order, WorkerState.DEPLOYED)
        accepted, _ = silent.accept()
        begin = time.monotonic()
        desk.stop(order)
        desk.wait_state(order, WorkerState.STOPPED)
        assert time.monotonic() - begin < 4, "longer than the stop's grace: it waited for the camera's timeout"
        accepted.close()
