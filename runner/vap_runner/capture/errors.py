from vap_common.lifecycle import WorkerErrorType


class StreamError(Exception):
    """A source cannot be read. The message says what a person can do, and never holds a part of the URL's secrets."""

    def __init__(self, type_: WorkerErrorType, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.type = type_
        self.message = message
        self.permanent = permanent
        """Whether trying again is in vain until somebody changes something."""
