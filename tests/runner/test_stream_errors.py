"""Why a stream cannot be opened: the typed reason, and no credential in any text."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.cameras import free_port, http_answer, rtsp_answer, rtsp_camera, scripted
from tests.runner.harness import CLIP
from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.url import parse_camera_url
from vap_common.lifecycle import WorkerErrorType
from vap_runner.capture.errors import StreamError
from vap_runner.capture.opencv_stream import StreamTimeouts
from vap_runner.capture.opener import FileOpener, NetworkOpener

PASSWORD = "hunter2-%40-geheim"
LOOPBACK = AddressPolicy(allow_loopback=True)
DIGEST = 'WWW-Authenticate: Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-256'


def opening(url: str, policy: AddressPolicy = LOOPBACK, timeout: float = 1.0) -> StreamError:
    opener = NetworkOpener(parse_camera_url(url), policy, StreamTimeouts(timeout, timeout))
    with pytest.raises(StreamError) as caught:
        opener()
    assert "hunter2" not in f"{caught.value!r} {caught.value.message}"
    return caught.value


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        ("401 Unauthorized", WorkerErrorType.AUTH_FAILED),
        ("403 Forbidden", WorkerErrorType.AUTH_FAILED),
        ("404 Not Found", WorkerErrorType.NOT_FOUND),
        ("503 Service Unavailable", WorkerErrorType.CONNECTION_FAILED),
    ],
)
def test_an_rtsp_status_becomes_its_reason(status: str, type_: WorkerErrorType) -> None:
    with scripted(rtsp_answer(status, 'WWW-Authenticate: Basic realm="cam"')) as server:
        assert opening(f"rtsp://user:{PASSWORD}@127.0.0.1:{server.port}/a").type is type_


def test_wrong_digest_credentials_are_an_auth_failure_and_the_password_never_leaves() -> None:
    with scripted(rtsp_answer("401 Unauthorized", DIGEST)) as server:
        error = opening(f"rtsp://user:{PASSWORD}@127.0.0.1:{server.port}/a")
        assert error.type is WorkerErrorType.AUTH_FAILED
        assert any("Authorization: Digest" in request for request in server.requests)
        assert not any("hunter2" in request for request in server.requests)


@pytest.mark.parametrize(
    ("status", "headers", "type_"),
    [
        ("401 Unauthorized", ('WWW-Authenticate: Basic realm="cam"',), WorkerErrorType.AUTH_FAILED),
        ("404 Not Found", (), WorkerErrorType.NOT_FOUND),
        ("302 Found", ("Location: http://169.254.169.254/",), WorkerErrorType.CONNECTION_FAILED),
        ("200 OK", ("Content-Type: text/plain",), WorkerErrorType.CODEC_UNSUPPORTED),
    ],
)
def test_an_http_status_becomes_its_reason(status: str, headers: tuple[str, ...], type_: WorkerErrorType) -> None:
    with scripted(http_answer(status, "Connection: close", *headers)) as server:
        assert opening(f"http://user:{PASSWORD}@127.0.0.1:{server.port}/a").type is type_


def test_a_refused_connection() -> None:
    error = opening(f"rtsp://127.0.0.1:{free_port()}/a")
    assert error.type is WorkerErrorType.CONNECTION_FAILED
    assert not error.permanent


def test_a_camera_that_never_answers_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert opening(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/a").type is WorkerErrorType.TIMEOUT


def test_a_port_without_tls_is_a_tls_error() -> None:
    with Serving(b"", "text/plain") as port:
        assert opening(f"rtsps://127.0.0.1:{port}/a").type is WorkerErrorType.TLS_ERROR


def test_a_host_without_an_address() -> None:
    assert opening("rtsp://camera.invalid/a").type is WorkerErrorType.CONNECTION_FAILED


def test_a_name_is_checked_again_where_it_leads_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def rebound(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 554)) for address in ("10.0.0.7", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    error = opening("rtsp://camera.example/a", AddressPolicy())
    assert error.type is WorkerErrorType.ADDRESS_REFUSED
    assert error.permanent
    assert "CAMERA_ALLOW_LOOPBACK" in error.message


def test_a_playlist_cannot_lead_to_a_local_file(tmp_path: Path) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{CLIP}\n#EXT-X-ENDLIST\n"
    with Serving(playlist.encode(), "application/vnd.apple.mpegurl") as port:
        assert opening(f"http://127.0.0.1:{port}/a.m3u8", timeout=3).type is WorkerErrorType.CODEC_UNSUPPORTED


def test_a_real_rtsp_stream_opens_fast_and_a_missing_one_is_not_found() -> None:
    with rtsp_camera(CLIP.parent) as port:
        opener = NetworkOpener(
            parse_camera_url(f"rtsp://127.0.0.1:{port}/{CLIP.name}"), LOOPBACK, StreamTimeouts(5.0, 5.0)
        )
        stream = opener()
        assert stream.grab()
        image = stream.retrieve()
        assert image is not None
        assert image.shape == (576, 768, 3)
        stream.close()
        assert opening(f"rtsp://127.0.0.1:{port}/nothing.mp4").type is WorkerErrorType.NOT_FOUND


def test_files_outside_the_roots_and_unreadable_ones(tmp_path: Path) -> None:
    policy = AddressPolicy(file_roots=(tmp_path,))
    (tmp_path / "empty.mp4").touch()
    for name, type_ in (("empty.mp4", "CODEC_UNSUPPORTED"), ("no.mp4", "NOT_FOUND"), ("..", "ADDRESS_REFUSED")):
        with pytest.raises(StreamError) as caught:
            FileOpener(parse_camera_url(f"file://{tmp_path}/{name}"), policy, StreamTimeouts())()
        assert caught.value.type == type_
        assert caught.value.permanent


class Serving:
    """One body for every request."""

    def __init__(self, body: bytes, content_type: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        self._answer = f"{head}Connection: close\r\n\r\n".encode() + body
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(self._answer)


@pytest.fixture(autouse=True)
def _no_password_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    out, err = capfd.readouterr()
    assert "hunter2" not in out + err
