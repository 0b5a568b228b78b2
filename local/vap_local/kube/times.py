"""Times of the API: RFC 3339 in UTC, and ages as kubectl prints them."""

from datetime import UTC, datetime, timedelta

from vap_local.kube.jsons import Json


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """``metav1.Time``: whole seconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_micro(moment: datetime) -> str:
    """``metav1.MicroTime``: microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: Json) -> datetime | None:
    """A time of the API, or None where it is missing or unreadable."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def age(text: Json, at: datetime) -> str:
    """How long ago, as in the AGE column; ``<unknown>`` without a time."""
    if not text:
        return "<unknown>"
    moment = parse(text)
    if moment is None:
        return "<invalid>"
    return human_duration(at - moment)


_UNITS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def human_duration(elapsed: timedelta) -> str:
    """Two units at most, one once it is long (the steps are those of apimachinery's ``duration.HumanDuration``)."""
    seconds = int(elapsed.total_seconds())
    if seconds < -1:
        return "<invalid>"
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    for limit, large, small in (
        (600, 60, 1),
        (3 * 3600, 60, 0),
        (8 * 3600, 3600, 60),
        (48 * 3600, 3600, 0),
        (8 * 86400, 86400, 3600),
        (2 * 365 * 86400, 86400, 0),
        (8 * 365 * 86400, 365 * 86400, 86400),
    ):
        if seconds < limit:
            return _two_units(seconds, large, small)
    return _two_units(seconds, 365 * 86400, 0)


def _two_units(seconds: int, large: int, small: int) -> str:
    names = {size: name for name, size in _UNITS}
    text = f"{seconds // large}{names[large]}"
    rest = seconds % large // small if small else 0
    return f"{text}{rest}{names[small]}" if rest else text
