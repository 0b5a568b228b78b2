"""What an API server may refuse."""

from http import HTTPStatus


class KubeApiError(RuntimeError):
    """The API server refused a request: its HTTP status, its reason word and its message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason

    @property
    def is_not_found(self) -> bool:
        """There is no such object."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def is_conflict(self) -> bool:
        """The object exists already, or is not as the request presumes."""
        return self.status == HTTPStatus.CONFLICT

    @property
    def is_gone(self) -> bool:
        """The resourceVersion asked for is too old: list again."""
        return self.status == HTTPStatus.GONE
