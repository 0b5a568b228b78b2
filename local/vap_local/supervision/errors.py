"""What can go wrong while the platform starts."""

from pathlib import Path


class StartError(RuntimeError):
    """The platform cannot start; the text says which part failed and shows the end of its log."""


class ProcessFailedError(StartError):
    """A process ended before it was ready."""

    def __init__(self, name: str, exit_code: int, log_file: Path, last_lines: str) -> None:
        super().__init__(
            f"{name} ended with exit code {exit_code} before it was ready; the end of {log_file}:\n{last_lines}"
        )


class NotReadyError(StartError):
    """A process runs, but does not get ready."""

    def __init__(self, name: str, timeout_s: float, log_file: Path, last_lines: str) -> None:
        super().__init__(f"{name} is not ready after {timeout_s:g} s; the end of {log_file}:\n{last_lines}")
