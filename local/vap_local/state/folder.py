"""Names of everything in the state folder."""

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from vap_common.camera.cipher import generate_key


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The folder of one instance, by default `.vap` in the working directory. For its owner alone: it holds keys."""

    root: Path

    def make(self) -> None:
        """Makes the folder with what every part expects. Idempotent."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.run, self.pods, self.logs, self.pod_logs, self.kube):
            folder.mkdir(exist_ok=True)

    @property
    def lock_file(self) -> Path:
        """Held by the supervisor."""
        return self.root / "lock"

    @property
    def record_file(self) -> Path:
        """Where the platform answers; read by `vap status`."""
        return self.root / "platform.json"

    @property
    def kubeconfig(self) -> Path:
        """For kubectl."""
        return self.root / "kubeconfig"

    @property
    def kube(self) -> Path:
        """State of the small API server."""
        return self.root / "kube"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.root / "postgres"

    @property
    def run(self) -> Path:
        """Records of running processes."""
        return self.root / "run"

    @property
    def processes_file(self) -> Path:
        """The supervisor's processes."""
        return self.run / "processes.json"

    @property
    def pods(self) -> Path:
        """The pod runner's folder."""
        return self.run / "pods"

    @property
    def pods_file(self) -> Path:
        """The containers' processes."""
        return self.pods / "pods.json"

    @property
    def logs(self) -> Path:
        """One file for each process."""
        return self.root / "logs"

    @property
    def pod_logs(self) -> Path:
        """One file for each pod."""
        return self.logs / "pods"

    def log_file(self, name: str) -> Path:
        """The log of a process of the platform."""
        return self.logs / f"{name}.log"

    def instance_id(self) -> str:
        """Marks the processes of this instance; made once."""
        return _read_or_make(self.root / "instance", uuid.uuid4().hex)

    def secret_key(self) -> str:
        """The VAP_SECRET_KEY of this instance; made once, readable by its owner alone."""
        return _read_or_make(self.root / "secret.key", generate_key())


def _read_or_make(file: Path, new: str) -> str:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(handle, "w") as out:
        out.write(new + "\n")
    return new
