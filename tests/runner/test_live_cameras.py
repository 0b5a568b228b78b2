"""Live streams through the whole runner: RTSP, reconnects, dead cameras, credentials."""

import socket
from pathlib import Path

from pydantic import SecretStr

from tests.runner.cameras import free_port, rtsp_answer, rtsp_camera, scripted
from tests.runner.harness import CLIP, Desk, RunnerProcess, command_line
from tests.support.waiting import wait_for
from vap_common.camera.cipher import CameraUrlCipher, generate_key
from vap_common.lifecycle import WorkerErrorType, WorkerState


def test_an_rtsp_camera_is_analysed_and_survives_a_restart_of_the_camera(desk: Desk, folder: Path) -> None:
    port = free_port()
    with RunnerProcess(desk, folder, STREAM_READ_TIMEOUT_SECONDS="2", STREAM_RETRY_MAX_SECONDS="0.5") as runner:
        with rtsp_camera(CLIP.parent, port):
            order = desk.start(runner.wait_warm(), f"rtsp://127.0.0.1:{port}/{CLIP.name}")
            before = desk.wait_results(order, 4)
        error = desk.wait_error(order).error
        assert error is not None
        assert error.type in (WorkerErrorType.CONNECTION_FAILED, WorkerErrorType.TIMEOUT)
        with rtsp_camera(CLIP.parent, port):
            after = desk.wait_results(order, len(desk.results(order)) + 4)
            wait_for(
                lambda: (report := desk.report(order)) is not None and report.error is None,
                "the error to be taken back",
            )
        desk.stop(order)
        desk.wait_state(order, WorkerState.STOPPED)
    numbers = [result.frame_number for result in after]
    assert numbers == sorted(set(numbers)), "frame numbers go on over a reconnect"
    assert before[0].frame_number == 1
    assert desk.states(order)[-1] is WorkerState.STOPPED


def test_a_dead_camera_is_retried_with_its_reason_and_keeps_its_worker(desk: Desk, folder: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        RunnerProcess(desk, folder, slots=2, STREAM_OPEN_TIMEOUT_SECONDS="0.5") as runner,
    ):
        name = runner.wait_warm(2)
        refused = desk.start(name, f"rtsp://127.0.0.1:{free_port()}/a")
        mute = desk.start(name, f"rtsp://127.0.0.1:{silent.getsockname()[1]}/a")
        for order, type_ in ((refused, WorkerErrorType.CONNECTION_FAILED), (mute, WorkerErrorType.TIMEOUT)):
            report = desk.wait_error(order)
            assert report.error is not None
            assert report.error.type is type_
            assert report.state is WorkerState.DEPLOYED
            desk.stop(order)
            desk.wait_state(order, WorkerState.STOPPED)


def test_a_refused_address_fails_at_once(desk: Desk, folder: Path) -> None:
    with RunnerProcess(desk, folder, CAMERA_ALLOW_LOOPBACK="false") as runner:
        order = desk.start(runner.wait_warm(), "rtsp://localhost:8554/a")
        report = desk.wait_state(order, WorkerState.FAILED)
    assert report.error is not None
    assert report.error.type is WorkerErrorType.ADDRESS_REFUSED
    assert "CAMERA_ALLOW_LOOPBACK" in report.error.message


def test_credentials_leak_nowhere(desk: Desk, folder: Path) -> None:
    key = generate_key()
    with (
        scripted(rtsp_answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="cam"')) as camera,
        RunnerProcess(desk, folder, VAP_SECRET_KEY=key, LOG_LEVEL="DEBUG") as runner,
    ):
        url = f"rtsp://admin:hunter2@127.0.0.1:{camera.port}/a?token=hunter2"
        order = desk.start(
            runner.wait_warm(),
            f"rtsp://127.0.0.1:{camera.port}/a?token=***",
            encrypted=CameraUrlCipher(SecretStr(key)).encrypt(url),
        )
        report = desk.wait_error(order)
        assert report.error is not None
        assert report.error.type is WorkerErrorType.AUTH_FAILED
        assert any("Authorization: Basic" in request for request in camera.requests), "the worker had the password"
        tried = len(camera.requests)
        commands = [command_line(pid) for pid in (runner.process.pid, *runner.children())]
        assert any("vap_runner.worker" in command for command in commands)
        metrics = runner.metrics()
        desk.stop(order)
        desk.wait_state(order, WorkerState.STOPPED)
        assert len(camera.requests) == tried, "a refused password was tried again at once"
        everything = [runner.log, metrics, *commands, *map(str, desk.heartbeats())]
    assert not [text for text in everything if "hunter2" in text]


def test_credentials_of_another_key_are_a_typed_failure(desk: Desk, folder: Path) -> None:
    token = CameraUrlCipher(SecretStr(generate_key())).encrypt("rtsp://admin:hunter2@127.0.0.1/a")
    with RunnerProcess(desk, folder, VAP_SECRET_KEY=generate_key()) as runner:
        order = desk.start(runner.wait_warm(), "rtsp://127.0.0.1/a", encrypted=token)
        report = desk.wait_state(order, WorkerState.FAILED)
    assert report.error is not None
    assert report.error.type is WorkerErrorType.CREDENTIALS_UNREADABLE
