"""One supervisor for each state folder: a lock that the kernel takes away when its holder dies."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class AlreadyRunningError(RuntimeError):
    """Another supervisor works on this state folder."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"the platform runs already (process {pid or 'unknown'}); `vap status` shows it")
        self.pid = pid


class InstanceLock:
    """An exclusive lock on a file that also tells the holder's pid."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Takes it. Raises AlreadyRunningError."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunningError(self._read_pid()) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives it back. Idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The pid of the supervisor that holds it now; None when nobody does."""
        with suppress(FileNotFoundError):
            descriptor = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return self._read_pid()
            finally:
                os.close(descriptor)
        return None

    def _read_pid(self) -> int | None:
        with suppress(FileNotFoundError, ValueError):
            return int(self._file.read_text())
        return None
