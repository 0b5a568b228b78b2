"""The processes that run now, on disk: what a later start needs to end leftovers, and `vap status` to list them."""

import json
from dataclasses import asdict
from pathlib import Path

from vap_local.supervision.identity import ProcessIdentity


class ProcessLedger:
    """Names and identities of running processes in one small file, replaced as a whole at each change."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._processes: dict[str, ProcessIdentity] = {}

    def add(self, name: str, identity: ProcessIdentity) -> None:
        """A process was started; it takes the place of an earlier one of that name."""
        self._processes[name] = identity
        self._write()

    def remove(self, name: str) -> None:
        """A process ended."""
        if self._processes.pop(name, None) is not None:
            self._write()

    @staticmethod
    def read(file: Path) -> dict[str, ProcessIdentity]:
        """What is recorded in `file`; empty where there is none."""
        try:
            text = file.read_text()
        except FileNotFoundError:
            return {}
        return {name: ProcessIdentity(**identity) for name, identity in json.loads(text).items()}

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps({name: asdict(identity) for name, identity in self._processes.items()}))
        partial.replace(self._file)
