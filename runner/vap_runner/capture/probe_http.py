import socket
from urllib.parse import urlsplit

from vap_common.camera.url import CameraUrl
from vap_runner.capture.wire import authorization, exchange, without_userinfo


def ask_http(url: CameraUrl, connection: socket.socket) -> int:
    """The status of a GET with the URL's credentials; the body is not read. Raises ProtocolError, OSError.

    FFmpeg sends Basic credentials at once, so they are sent here at once too; digest is not tried,
    because the refusal has closed the connection by then.
    """
    bare, login = without_userinfo(url.reveal())
    parts = urlsplit(bare)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    extra = ""
    if login is not None:
        extra = f"Authorization: {authorization(login, ['Basic'], 'GET', target)}\r\n"
    request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: VAP\r\nConnection: close\r\n{extra}\r\n"
    return exchange(connection, request).status
