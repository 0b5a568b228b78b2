"""String formats that are checked; a format not named here is not (as in the Kubernetes API server)."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[-+]\d{2}:\d{2})")
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\Z"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")


def parse_duration(text: str) -> timedelta:
    """A Go duration such as ``1h30m`` or ``1.5s``.

    Raises:
        ValueError: it is not one.
    """
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    if text in ("0", "+0", "-0"):
        return timedelta()
    match = re.fullmatch(r"([-+]?)((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s|us|µs|ns))+", text)
    if match is None:
        raise ValueError("not a duration")
    seconds = sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)(h|ms|m|s|us|µs|ns)", text))
    return timedelta(seconds=-seconds if match[1] == "-" else seconds)


def _date_time(text: str) -> None:
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(text)
    datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", text.upper()))


def _base64(text: str) -> None:
    base64.b64decode(text, validate=True)


def _uri(text: str) -> None:
    if not urlsplit(text).scheme:
        raise ValueError(text)


def _matching(pattern: re.Pattern[str]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not pattern.match(text):
            raise ValueError(text)

    return check


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "date-time": _date_time,
    "date": date.fromisoformat,
    "duration": parse_duration,
    "byte": _base64,
    "uuid": UUID,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "cidr": lambda text: ipaddress.ip_network(text, strict=False),
    "uri": _uri,
    "email": _matching(_EMAIL),
    "hostname": _matching(_HOSTNAME),
}


def has_format(form: str, text: str) -> bool:
    """Whether a text has a format; True for a format that is not checked."""
    check = _CHECKS.get(form)
    if check is None:
        return True
    with suppress(ValueError, binascii.Error):
        check(text)
        return True
    return False
