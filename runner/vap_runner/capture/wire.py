"""What RTSP and HTTP share on the wire: a status line, headers, and who may come in."""

import base64
import hashlib
import re
import secrets
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

MAX_HEAD = 32_768


class ProtocolError(Exception):
    """The other side does not speak the protocol."""


@dataclass(frozen=True, slots=True)
class Response:
    """Status and headers of an answer; names of headers in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key == name]


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    """User name and password; not shown by repr."""

    user: str
    password: str


def exchange(connection: socket.socket, request: str) -> Response:
    """Send a request without a body and read the head of the answer. Raises ProtocolError, OSError."""
    connection.sendall(request.encode())
    received = b""
    while b"\r\n\r\n" not in received:
        if len(received) > MAX_HEAD:
            raise ProtocolError("the camera's answer has no end; check that the port is that of the stream")
        chunk = connection.recv(4096)
        if not chunk:
            raise ProtocolError("the camera closed the connection without an answer; check scheme and port")
        received += chunk
    return parse_head(received.partition(b"\r\n\r\n")[0])


def parse_head(head: bytes) -> Response:
    """The status line and headers of an RTSP or HTTP answer. Raises ProtocolError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    match = re.match(r"(?:RTSP|HTTP)/\d(?:\.\d)? (\d{3})(?: |$)", first)
    if match is None:
        raise ProtocolError("something answers, but not in the protocol of the URL; check scheme and port")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return Response(int(match[1]), tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))


def without_userinfo(url: str) -> tuple[str, Login | None]:
    """The URL as requests name it, and the credentials that it held."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    bare = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    if not at:
        return bare, None
    user, _, password = userinfo.partition(":")
    return bare, Login(unquote(user), unquote(password))


def authorization(login: Login, challenges: list[str], method: str, uri: str) -> str | None:
    """The value of an Authorization header for the best of the server's challenges (RFC 7617, RFC 7616)."""
    for challenge in challenges:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "digest":
            answer = _digest(login, _parameters(rest), method, uri)
            if answer is not None:
                return answer
    if any(challenge.lower().startswith("basic") for challenge in challenges):
        return "Basic " + base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    return None


def _parameters(text: str) -> dict[str, str]:
    found = re.findall(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))', text)
    return {name.lower(): quoted or plain for name, quoted, plain in found}


def _digest(login: Login, challenge: dict[str, str], method: str, uri: str) -> str | None:
    algorithm = challenge.get("algorithm", "MD5")
    name = {"MD5": "md5", "SHA-256": "sha256"}.get(algorithm.upper())
    if name is None:
        return None

    def digest(text: str) -> str:
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    first = digest(f"{login.user}:{realm}:{login.password}")
    second = digest(f"{method}:{uri}")
    fields = {"username": login.user, "realm": realm, "nonce": nonce, "uri": uri}
    extra = ""
    if "auth" in [part.strip() for part in challenge.get("qop", "").split(",")]:
        client_nonce = secrets.token_hex(8)
        fields["response"] = digest(f"{first}:{nonce}:00000001:{client_nonce}:auth:{second}")
        fields["cnonce"] = client_nonce
        extra = ", qop=auth, nc=00000001"
    else:
        fields["response"] = digest(f"{first}:{nonce}:{second}")
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    if "algorithm" in challenge:
        extra += f", algorithm={algorithm}"
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in fields.items()) + extra
