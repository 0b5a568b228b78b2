"""Which process a number means: a pid alone may have been given to somebody else."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process of this machine, for good: no other process ever has the same identity."""

    pid: int
    started: str
    """Boot id of the machine and start time in clock ticks since that boot."""

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The identity of the process that has `pid` now; None when there is none, or only its exit status."""
        stat = ProcessStat.of(pid)
        return None if stat is None or stat.ended else cls(pid, f"{_boot_id()}:{stat.start_ticks}")

    def is_running(self) -> bool:
        """Whether that very process still runs."""
        return ProcessIdentity.of(self.pid) == self


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """What is needed of /proc/PID/stat, see proc(5)."""

    pid: int
    parent: int
    session: int
    start_ticks: int
    ended: bool
    """A zombie: ended, and its parent has not asked for the exit status yet."""

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Reads it; None when there is no such process."""
        try:
            text = (PROC / str(pid) / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The second field, the name, stands in brackets and may hold blanks and brackets itself.
        fields = text[text.rindex(")") + 2 :].split()
        return cls(pid, int(fields[1]), int(fields[3]), int(fields[19]), fields[0] in "ZX")


def all_processes() -> list[ProcessStat]:
    """Every process of the machine at this moment."""
    found = (ProcessStat.of(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit())
    return [stat for stat in found if stat is not None]


def children_of(pid: int) -> list[int]:
    """The pids of the direct children of `pid`."""
    return sorted(stat.pid for stat in all_processes() if stat.parent == pid and not stat.ended)


def environment_of(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty when it is gone or belongs to somebody else."""
    try:
        raw = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.decode(errors="replace").partition("=") for entry in raw.split(b"\0") if b"=" in entry)
    return {name: value for name, _, value in pairs}


@cache
def _boot_id() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()
