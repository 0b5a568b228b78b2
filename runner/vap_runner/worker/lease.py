"""The permission to send results: one deadline in memory that a runner and one of its workers share."""

import mmap
import os
import struct
import time

_SIZE = struct.calcsize("d")


class SharedLease:
    """A deadline on the monotonic clock, which all processes of a host share and which a stop does not halt.

    One aligned 8-byte value with one writer: a reader sees the old or the new one. No lock, so that a killed
    runner cannot leave one behind.
    """

    def __init__(self, fd: int) -> None:
        """Maps the memory behind `fd`, which stays the caller's."""
        self._memory = mmap.mmap(fd, _SIZE)
        self._deadline = memoryview(self._memory).cast("d")

    @staticmethod
    def create_fd() -> int:
        """New shared memory with an expired deadline, to be passed to a child process."""
        fd = os.memfd_create("vap-lease", os.MFD_CLOEXEC)
        os.ftruncate(fd, _SIZE)
        return fd

    def extend(self, deadline: float) -> None:
        """Allow sending until `deadline` (`time.monotonic()`)."""
        self._deadline[0] = deadline

    def revoke(self) -> None:
        """Forbid sending at once."""
        self._deadline[0] = 0.0

    @property
    def valid(self) -> bool:
        """Whether sending is allowed now."""
        return time.monotonic() < self._deadline[0]
