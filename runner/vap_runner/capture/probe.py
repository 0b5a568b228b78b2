"""Finds out why a stream could not be opened: FFmpeg knows, but OpenCV only says that it did not open."""

import socket
import ssl

from vap_common.camera.address_policy import IPAddress
from vap_common.camera.url import CameraUrl
from vap_common.lifecycle import WorkerErrorType
from vap_runner.capture.errors import StreamError
from vap_runner.capture.probe_http import ask_http
from vap_runner.capture.probe_rtsp import ask_rtsp
from vap_runner.capture.wire import ProtocolError

TLS_SCHEMES = frozenset({"rtsps", "https"})
REDIRECTS = range(300, 400)


def diagnose(url: CameraUrl, address: IPAddress, timeout_s: float) -> StreamError:
    """The likely cause, by one small exchange of our own with `address`. Takes at most a few times `timeout_s`."""
    try:
        with socket.create_connection((str(address), url.port or 0), timeout=timeout_s) as connection:
            if url.scheme not in TLS_SCHEMES:
                return _ask(url, connection)
            with _encrypted(connection, url.host) as encrypted:
                return _ask(url, encrypted)
    except ssl.SSLError as error:
        return StreamError(
            WorkerErrorType.TLS_ERROR,
            f"the encrypted connection failed ({error.reason or 'handshake'}); check that the port speaks TLS",
        )
    except TimeoutError:
        return StreamError(
            WorkerErrorType.TIMEOUT, f"the camera did not answer within {timeout_s:g} s; check its power and network"
        )
    except ProtocolError as error:
        return StreamError(WorkerErrorType.CONNECTION_FAILED, str(error))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return StreamError(
            WorkerErrorType.CONNECTION_FAILED,
            f"no connection to {url.host} port {url.port}: {reason}; check that the camera is on and the port is right",
        )


def _encrypted(connection: socket.socket, host: str) -> ssl.SSLSocket:
    # Cameras have self-signed certificates; FFmpeg does not verify them either by default.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname=host)


def _ask(url: CameraUrl, connection: socket.socket) -> StreamError:
    match url.scheme:
        case "rtsp" | "rtsps":
            return _explain(ask_rtsp(url, connection))
        case "http" | "https":
            return _explain(ask_http(url, connection))
        case _:
            return StreamError(
                WorkerErrorType.CONNECTION_FAILED, "the server is there but gives no stream; check the path"
            )


def _explain(status: int) -> StreamError:
    if status in (401, 403, 407):
        return StreamError(
            WorkerErrorType.AUTH_FAILED, "the camera refused the credentials; check user name, password and rights"
        )
    if status in (404, 410, 454):
        return StreamError(WorkerErrorType.NOT_FOUND, "the camera has no stream at this path; check the path")
    if status in REDIRECTS:
        return StreamError(
            WorkerErrorType.CONNECTION_FAILED,
            "the camera redirects to another address, which is not followed; give the final URL",
        )
    if 200 <= status < 300:
        return StreamError(
            WorkerErrorType.CODEC_UNSUPPORTED,
            "the camera answers, but gives no video that can be decoded; choose H.264, H.265 or MJPEG",
        )
    return StreamError(
        WorkerErrorType.CONNECTION_FAILED, f"the camera answered with status {status}; look at its own log"
    )
