"""What can be wrong with a camera URL."""

from enum import StrEnum


class CameraUrlProblem(StrEnum):
    """Stable words for the kinds of refusal."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    MALFORMED = "malformed"
    SCHEME_NOT_ALLOWED = "scheme-not-allowed"
    ADDRESS_REFUSED = "address-refused"
    FILE_NOT_ALLOWED = "file-not-allowed"
    NO_SECRET_KEY = "no-secret-key"  # noqa: S105 - the name of a problem


class CameraUrlError(ValueError):
    """The URL is refused; the text says why and what to change, and holds no part of its credentials."""

    def __init__(self, problem: CameraUrlProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
