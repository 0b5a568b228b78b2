"""Log files of processes: kept small at each start, shown when something goes wrong."""

from pathlib import Path

ROTATE_ABOVE_BYTES = 8 * 1024 * 1024
KEPT = 3
TAIL_BYTES = 64 * 1024


def rotate(log_file: Path, above_bytes: int = ROTATE_ABOVE_BYTES) -> None:
    """Moves a file that grew too large to NAME.1 (and .1 to .2, …). Call it while nobody writes to the file."""
    if not log_file.exists() or log_file.stat().st_size <= above_bytes:
        return
    for number in range(KEPT - 1, 0, -1):
        older = log_file.with_name(f"{log_file.name}.{number}")
        if older.exists():
            older.replace(log_file.with_name(f"{log_file.name}.{number + 1}"))
    log_file.replace(log_file.with_name(f"{log_file.name}.1"))


def keep_newest(folder: Path, count: int) -> None:
    """Removes all but the `count` files of `folder` that were written last."""
    files = sorted((file for file in folder.glob("*.log*") if file.is_file()), key=lambda file: file.stat().st_mtime)
    for file in files[: max(0, len(files) - count)]:
        file.unlink(missing_ok=True)


def tail(log_file: Path, lines: int = 15) -> str:
    """The last lines of a file; empty where there is none."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log_file.stat().st_size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
