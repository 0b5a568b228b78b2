import socket

from vap_common.camera.url import CameraUrl
from vap_runner.capture.wire import authorization, exchange, without_userinfo


def ask_rtsp(url: CameraUrl, connection: socket.socket) -> int:
    """The status of a DESCRIBE (RFC 2326, 10.2), with the URL's credentials if asked for.

    Raises ProtocolError, OSError.
    """
    uri, login = without_userinfo(url.reveal())

    def request(sequence: int, extra: str) -> str:
        return (
            f"DESCRIBE {uri} RTSP/1.0\r\nCSeq: {sequence}\r\nAccept: application/sdp\r\nUser-Agent: VAP\r\n{extra}\r\n"
        )

    response = exchange(connection, request(1, ""))
    if response.status == 401 and login is not None:
        answer = authorization(login, response.all("www-authenticate"), "DESCRIBE", uri)
        if answer is not None:
            response = exchange(connection, request(2, f"Authorization: {answer}\r\n"))
    return response.status
