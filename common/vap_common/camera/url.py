"""A camera URL in its two forms: the public one that may be shown, and the full one that only a worker sees."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from vap_common.camera.errors import CameraUrlError, CameraUrlProblem
from vap_common.camera.redaction import MASK, is_secret_query_name

MAX_URL_LENGTH = 2048
NETWORK_SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp")
FILE_SCHEME = "file"
ALLOWED_SCHEMES = (*NETWORK_SCHEMES, FILE_SCHEME)
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """A parsed camera URL. Its repr shows the public form only."""

    public: str
    """Without userinfo, secret query values masked: fit for tables, topics, logs and people."""
    has_credentials: bool
    scheme: str
    host: str
    """Empty for a file."""
    port: int | None
    """As given or the scheme's default; None for a file."""
    path: str
    """Percent-decoded for a file, as given otherwise."""
    _full: str

    def __repr__(self) -> str:
        return f"CameraUrl({self.public!r})"

    __str__ = __repr__

    @property
    def is_file(self) -> bool:
        """Whether it names a local file."""
        return self.scheme == FILE_SCHEME

    def reveal(self) -> str:
        """The full URL with its credentials: for the encryption and the worker's capture, nothing else."""
        return self._full


def parse_camera_url(text: str) -> CameraUrl:
    """Parses and normalises `text` (scheme and host in lower case). Raises CameraUrlError.

    The messages never quote the URL: it may hold a password in a place where none is expected.
    """
    url = text.strip()
    if not url:
        raise CameraUrlError(
            CameraUrlProblem.EMPTY, "camera_url is empty; give a URL such as rtsp://192.168.1.20/stream1"
        )
    if len(url) > MAX_URL_LENGTH:
        raise CameraUrlError(
            CameraUrlProblem.TOO_LONG,
            f"camera_url has {len(url)} characters; at most {MAX_URL_LENGTH} are allowed",
        )
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):
        raise CameraUrlError(
            CameraUrlProblem.MALFORMED, "camera_url holds blanks or control characters; percent-encode them"
        )
    parts = _split(url)
    scheme = parts.scheme.lower()
    if scheme not in ALLOWED_SCHEMES:
        raise CameraUrlError(
            CameraUrlProblem.SCHEME_NOT_ALLOWED,
            f"camera_url must begin with one of {', '.join(s + '://' for s in ALLOWED_SCHEMES)}",
        )
    return _parse_file(parts) if scheme == FILE_SCHEME else _parse_network(parts, scheme)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise CameraUrlError(
            CameraUrlProblem.MALFORMED, "camera_url is no URL: its host or port cannot be read"
        ) from None
    return parts


def _parse_file(parts: SplitResult) -> CameraUrl:
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise CameraUrlError(CameraUrlProblem.MALFORMED, "a file URL looks like file:///absolute/path/to/video.mp4")
    if parts.query or parts.fragment:
        raise CameraUrlError(
            CameraUrlProblem.MALFORMED, "a file URL takes no ? or #; percent-encode them as %3F and %23"
        )
    path = unquote(parts.path)
    if "\x00" in path:
        raise CameraUrlError(CameraUrlProblem.MALFORMED, "a file path holds no NUL character")
    url = urlunsplit((FILE_SCHEME, "", parts.path, "", ""))
    return CameraUrl(url, has_credentials=False, scheme=FILE_SCHEME, host="", port=None, path=path, _full=url)


def _parse_network(parts: SplitResult, scheme: str) -> CameraUrl:
    userinfo, _, host_and_port = parts.netloc.rpartition("@")
    # Python's hostname splits at the last @ too; the raw form is kept so that IPv6 brackets survive.
    host = (parts.hostname or "").lower()
    if not host or "%" in host:
        raise CameraUrlError(CameraUrlProblem.MALFORMED, f"camera_url needs a host: {scheme}://host[:port]/path")
    if parts.port == 0:
        raise CameraUrlError(CameraUrlProblem.MALFORMED, "camera_url has port 0; give the camera's port")
    query, query_has_secret = _mask_query(parts.query)
    netloc = host_and_port.lower()
    public = urlunsplit((scheme, netloc, parts.path, query, parts.fragment))
    full = urlunsplit((scheme, f"{userinfo}@{netloc}" if userinfo else netloc, parts.path, parts.query, parts.fragment))
    return CameraUrl(
        public,
        has_credentials=bool(userinfo) or query_has_secret,
        scheme=scheme,
        host=host,
        port=parts.port or DEFAULT_PORTS[scheme],
        path=parts.path,
        _full=full,
    )


def _mask_query(query: str) -> tuple[str, bool]:
    masked = []
    found = False
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if equals and value and value != MASK and is_secret_query_name(unquote(name)):
            masked.append(f"{name}={MASK}")
            found = True
        else:
            masked.append(pair)
    return "&".join(masked), found


def resolve_file(path: str, roots: tuple[Path, ...]) -> Path:
    """The real path of a file camera. Raises CameraUrlError when it lies outside every root; links are followed."""
    real = Path(path).resolve()
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        allowed = ", ".join(str(root) for root in roots) or "none"
        raise CameraUrlError(
            CameraUrlProblem.FILE_NOT_ALLOWED,
            f"local files are read only from the folders in CAMERA_FILE_ROOTS (now: {allowed})",
        )
    return real
