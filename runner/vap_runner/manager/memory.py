"""How much memory a process takes, and how much it may take."""

from pathlib import Path

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Version 2, version 1."""
UNLIMITED = 1 << 60
WORKERS_SHARE = 0.9
"""Of the container's limit; the rest is the runner's own."""
MIB = 1024 * 1024


def proportional_bytes(pid: int) -> int | None:
    """The process's proportional set size (its own pages, and its share of shared ones); None if it is gone.

    The resident size would count the libraries that all workers share once per worker.
    """
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def container_limit() -> int | None:
    """The memory limit of this container in bytes; None without one."""
    for path in CGROUP_LIMITS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < UNLIMITED:
            return int(text)
    return None


def worker_limit(configured_mib: int, slots: int, container: int | None) -> int | None:
    """The most bytes one worker may take: as configured, else its share of the container's limit, else any."""
    if configured_mib:
        return configured_mib * MIB
    return int(container * WORKERS_SHARE / slots) if container is not None else None
