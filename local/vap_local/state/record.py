"""Where the platform answers, on disk, for `vap status`, `vap demo` and the next start."""

from contextlib import suppress
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from vap_common.times import Timestamp


class PlatformRecord(BaseModel):
    """One start of the platform."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    supervisor_pid: int
    started_at: Timestamp
    ready: bool
    """Whether the start has succeeded."""
    state_dir: Path
    api: str
    docs: str
    kafka: str
    database: str
    kubeconfig: Path
    camera: str
    """URL of the demo camera."""
    clip: str
    """URL of the demo camera's footage as a file."""
    ports: dict[str, int]
    """Ports by the name of their service, taken again at the next start where they are free."""

    def write(self, file: Path) -> None:
        """Replaces the record. For its owner alone: a given database URL may hold a password."""
        partial = file.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(self.model_dump_json(indent=2))
        partial.replace(file)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The last record; None where there is none that this version understands."""
        with suppress(FileNotFoundError, ValidationError):
            return cls.model_validate_json(file.read_bytes())
        return None
