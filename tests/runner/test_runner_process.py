"""The runner as a process on a real broker: start, frames, stop, end of file."""

from pathlib import Path

import pytest

from tests.runner.harness import CLIP, Desk, RunnerProcess, Tail
from tests.runner.videos import make_video
from tests.support.waiting import wait_for
from vap_common.kafka.topics import TO_DEPLOY
from vap_common.lifecycle import WorkerErrorType, WorkerState


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


def test_a_file_completes_at_its_end_with_every_sampled_frame(desk: Desk, folder: Path) -> None:
    video = make_video(folder / "short.mp4", frames=20)
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm(), video.as_uri(), frame_interval_ms=200)
        report = desk.wait_state(order, WorkerState.COMPLETED)
        assert report.frames == 10
        assert report.message == ""
        results = desk.wait_results(order, 10)
        assert [result.frame_number for result in results] == list(range(1, 20, 2))
        desk.stop(order)
        wait_for(lambda: desk.report(order) is None, "the finished worker to leave the heartbeats")
        runner.wait_warm()


def test_a_finished_worker_stays_in_heartbeats_until_its_stop_was_read(desk: Desk, folder: Path) -> None:
    video = make_video(folder / "short.mp4", frames=5)
    with RunnerProcess(desk, folder, HEARTBEAT_INTERVAL_SECONDS="0.2") as runner:
        order = desk.start(runner.wait_warm(), video.as_uri())
        desk.wait_state(order, WorkerState.COMPLETED)
        seen = len(desk.reports(order))
        wait_for(lambda: len(desk.reports(order)) > seen + 5, "five more heartbeats with the finished worker")
        assert not desk.reports(order)[-1].stop_read
        desk.stop(order)
        wait_for(lambda: desk.report(order) is None, "the worker to leave")
        assert desk.reports(order)[-1].stop_read
        assert runner.process.poll() is None


def test_a_recording_that_restarts_counts_its_frames_on(desk: Desk, folder: Path) -> None:
    video = make_video(folder / "short.mp4", frames=10)
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm(), video.as_uri(), on_stream_end="Restart", frame_interval_ms=100)
        results = desk.wait_results(order, 25)
        desk.stop(order)
        desk.wait_state(order, WorkerState.STOPPED)
    assert [result.frame_number for result in results] == list(range(1, len(results) + 1))


def test_a_file_that_is_cut_off_completes_and_says_so(desk: Desk, folder: Path) -> None:
    video = folder / "cut.mp4"
    video.write_bytes(CLIP.read_bytes()[:400_000])
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm(), video.as_uri(), frame_interval_ms=1000)
        report = desk.wait_state(order, WorkerState.COMPLETED)
    assert "cut off" in report.message
    assert report.error is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("missing.mp4", WorkerErrorType.NOT_FOUND),
        ("text.mp4", WorkerErrorType.CODEC_UNSUPPORTED),
        ("../../../../../../../../etc/passwd", WorkerErrorType.ADDRESS_REFUSED),
        ("link.mp4", WorkerErrorType.ADDRESS_REFUSED),
    ],
)
def test_a_file_that_cannot_be_used_fails_with_its_reason(
    desk: Desk, folder: Path, name: str, error: WorkerErrorType
) -> None:
    (folder / "text.mp4").write_text("this is no video")
    (folder / "link.mp4").symlink_to("/etc/passwd")
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm(), f"file://{folder}/{name}")
        report = desk.wait_state(order, WorkerState.FAILED)
    assert report.error is not None
    assert report.error.type is error
    assert desk.results(order) == []


def test_a_full_runner_rejects_and_a_freed_slot_takes_work_again(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, slots=1) as runner:
        name = runner.wait_warm()
        first = desk.start(name)
        desk.wait_state(first, WorkerState.RUNNING)
        second = desk.start(name)
        report = desk.wait_state(second, WorkerState.REJECTED)
        assert report.error is not None
        assert report.error.type is WorkerErrorType.NO_FREE_SLOT
        desk.stop(first)
        desk.stop(second)
        desk.wait_state(first, WorkerState.STOPPED)
        third = desk.start(name)
        desk.wait_state(third, WorkerState.RUNNING)
        assert desk.states(first)[-2:] == [WorkerState.RUNNING, WorkerState.STOPPED]


def test_poison_goes_to_the_dead_letters_and_the_runner_goes_on(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder) as runner:
        name = runner.wait_warm()
        letters = Tail(desk.kafka, TO_DEPLOY.dead_letters, partitions=1)
        desk.producer.send_raw(TO_DEPLOY.name, b"poison", b"\xff{", [])
        desk.producer.send_raw(TO_DEPLOY.name, b"poison", b'{"action": "start", "epoch": "soon"}', [])
        order = desk.start(name)
        desk.wait_state(order, WorkerState.RUNNING)
        wait_for(lambda: letters.poll() >= 2, "both dead letters")
        letters.close()


def test_an_unknown_detector_and_an_unknown_class_fail_with_what_there_is(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, slots=2) as runner:
        name = runner.wait_warm(2)
        unknown_detector = desk.start(name, detector="crystal-ball")
        unknown_class = desk.start(name, detector="nanodet", classes=["persn"])
        for order, hint in ((unknown_detector, "nanodet"), (unknown_class, "person")):
            report = desk.wait_state(order, WorkerState.FAILED)
            assert report.error is not None
            assert report.error.type is WorkerErrorType.DETECTOR_FAILED
            assert hint in report.error.message


def test_onchange_thins_results(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm(), detector="motion", emit="OnChange", min_confidence_percent=100)
        report = wait_for(lambda: next((r for r in desk.reports(order) if r.frames >= 10), None), "ten frames")
        assert report.state is WorkerState.RUNNING
    assert len(desk.results(order)) == 1


def test_health_and_metrics_tell_what_the_runner_does(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder) as runner:
        order = desk.start(runner.wait_warm())
        desk.wait_results(order, 5)
        assert runner.get("/livez") == "ok\n"
        assert runner.get("/readyz") == "ok\n"

        def analysed() -> bool:
            lines = runner.metrics().splitlines()
            return any(
                line.startswith("vap_runner_frames_analysed_total") and float(line.split()[1]) >= 5 for line in lines
            )

        wait_for(analysed, "the analysed frames in the metrics")
