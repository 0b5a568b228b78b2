import ipaddress
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vap_common.camera.address_policy import AddressPolicy, IPAddress
from vap_common.camera.errors import CameraUrlError
from vap_common.camera.url import CameraUrl, resolve_file
from vap_common.lifecycle import WorkerErrorType
from vap_runner.capture.errors import StreamError
from vap_runner.capture.opencv_stream import (
    FILE_OPTIONS,
    NETWORK_OPTIONS,
    QUICK_ANALYSIS,
    THOROUGH_ANALYSIS,
    OpenCvStream,
    StreamTimeouts,
)
from vap_runner.capture.probe import diagnose

QUICK_SCHEMES = frozenset({"rtsp", "rtsps"})

OpenStream = Callable[[], OpenCvStream]
"""Opens the source once. Raises StreamError."""


@dataclass(frozen=True)
class FileOpener:
    """Opens a local file below the allowed folders."""

    url: CameraUrl
    policy: AddressPolicy
    timeouts: StreamTimeouts

    def __call__(self) -> OpenCvStream:
        """See OpenStream. Every error is permanent: a file does not come by waiting."""
        path = self._path()
        stream = OpenCvStream(str(path), FILE_OPTIONS, self.timeouts)
        if not stream.opened:
            stream.close()
            raise StreamError(
                WorkerErrorType.CODEC_UNSUPPORTED,
                f"{path.name} holds no video that can be decoded; convert it, for example to H.264 in MP4",
                permanent=True,
            )
        return stream

    def _path(self) -> Path:
        try:
            path = resolve_file(self.url.path, self.policy.file_roots)
        except CameraUrlError as error:
            raise StreamError(WorkerErrorType.ADDRESS_REFUSED, str(error), permanent=True) from None
        except (OSError, RuntimeError):
            raise StreamError(
                WorkerErrorType.NOT_FOUND, "the path cannot be followed; check its links", permanent=True
            ) from None
        try:
            if not path.is_file():
                raise StreamError(
                    WorkerErrorType.NOT_FOUND, f"there is no file {path} on the runner; check the path", permanent=True
                )
            with path.open("rb"):
                return path
        except OSError as error:
            raise StreamError(
                WorkerErrorType.NOT_FOUND, f"{path} cannot be read: {error.strerror}", permanent=True
            ) from None


@dataclass(frozen=True)
class NetworkOpener:
    """Opens a URL after its resolved addresses were checked, and finds out why it fails if it does."""

    url: CameraUrl
    policy: AddressPolicy
    timeouts: StreamTimeouts

    def __call__(self) -> OpenCvStream:
        """See OpenStream."""
        addresses = self._checked_addresses()
        if self.url.scheme not in QUICK_SCHEMES:
            return self._open(THOROUGH_ANALYSIS, addresses[0])
        try:
            return self._open(QUICK_ANALYSIS, addresses[0])
        except StreamError as error:
            if error.type is not WorkerErrorType.CODEC_UNSUPPORTED:
                raise
        return self._open(THOROUGH_ANALYSIS, addresses[0])

    def _open(self, analysis: dict[str, str], address: IPAddress) -> OpenCvStream:
        begin = time.monotonic()
        stream = OpenCvStream(self.url.reveal(), NETWORK_OPTIONS | analysis, self.timeouts)
        if stream.opened:
            return stream
        stream.close()
        if time.monotonic() - begin >= 0.9 * self.timeouts.open:
            raise StreamError(
                WorkerErrorType.TIMEOUT,
                f"the camera did not answer within {self.timeouts.open:g} s; check its power, network and address",
            )
        raise diagnose(self.url, address, self.timeouts.open)

    def _checked_addresses(self) -> list[IPAddress]:
        # A name that passed at the door may resolve to another address now (DNS rebinding). One refused
        # address refuses the name, because FFmpeg may take any of them.
        try:
            self.policy.check_url(self.url)
            addresses = resolve(self.url)
            for address in addresses:
                self.policy.check_address(address)
        except CameraUrlError as error:
            raise StreamError(WorkerErrorType.ADDRESS_REFUSED, str(error), permanent=True) from None
        return addresses


def resolve(url: CameraUrl) -> list[IPAddress]:
    """The addresses of the URL's host. Raises StreamError where there is none."""
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise StreamError(
            WorkerErrorType.CONNECTION_FAILED, f"the host name {url.host} cannot be resolved; check it and the DNS"
        ) from None
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
