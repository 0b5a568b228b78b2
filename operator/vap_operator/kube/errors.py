"""What the Kubernetes API may answer, as types."""


class KubeError(Exception):
    """The API refused or failed; the text says what was asked and why it was refused, without the object."""

    def __init__(self, what: str, status: int, reason: str, message: str) -> None:
        super().__init__(f"{what}: {status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


class NotFoundError(KubeError):
    """There is no such object (or no such kind: are the CRDs installed?)."""


class ConflictError(KubeError):
    """The object has changed since it was read: read it again."""


class AlreadyExistsError(KubeError):
    """There is an object of that name."""


class RefusedError(KubeError):
    """The object is invalid or forbidden; the same request will be refused again."""


class UnavailableError(KubeError):
    """The API is away, overloaded or timed out: try again later."""

    def __init__(self, what: str, status: int, reason: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(what, status, reason, message)
        self.retry_after_s = retry_after_s
        """What the server asked for (Retry-After), in seconds."""


class NotLeadingError(KubeError):
    """This process does not surely lead any more, so it writes nothing; it is about to end."""

    def __init__(self, what: str) -> None:
        super().__init__(what, 0, "NotLeading", "the Lease is not held")


def error_from_status(
    what: str, status: int, reason: str, message: str, retry_after_s: float | None = None
) -> KubeError:
    """The typed error for an HTTP status and the `reason` of a Kubernetes Status object."""
    if status == 404:
        return NotFoundError(what, status, reason, message)
    if status == 409:
        kind = AlreadyExistsError if reason == "AlreadyExists" else ConflictError
        return kind(what, status, reason, message)
    if status == 429 or status >= 500:
        return UnavailableError(what, status, reason, message, retry_after_s)
    if status == 401:
        # A token that was just rotated: the next request reads the new one.
        return UnavailableError(what, status, reason, message)
    return RefusedError(what, status, reason, message)
