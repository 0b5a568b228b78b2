"""`vap status`: where the platform answers and which processes it consists of."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from vap_common.camera.redaction import MASK
from vap_local.state.folder import StateFolder
from vap_local.state.instance_lock import InstanceLock
from vap_local.state.record import PlatformRecord
from vap_local.supervision.identity import ProcessIdentity, children_of
from vap_local.supervision.ledger import ProcessLedger

SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """A running process. Workers are named `worker/POD`."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class PlatformStatus:
    """What runs now."""

    record: PlatformRecord
    processes: list[ProcessLine]

    def as_json(self) -> dict[str, object]:
        """The machine-readable form."""
        record = self.record
        return {
            "api": record.api,
            "docs": record.docs,
            "kafka": record.kafka,
            "database": _without_password(record.database),
            "kubeconfig": str(record.kubeconfig),
            "state_dir": str(record.state_dir),
            "camera": record.camera,
            "clip": record.clip,
            "ready": record.ready,
            "processes": [{"name": process.name, "pid": process.pid} for process in self.processes],
        }

    def as_text(self) -> str:
        """The form for people."""
        record = self.record
        lines = [
            f"REST API     {record.api}/api/v1",
            f"Swagger      {record.docs}",
            f"Kafka        {record.kafka}",
            f"Database     {_without_password(record.database)}",
            f"Kubeconfig   {record.kubeconfig}",
            f"Demo camera  {record.camera}",
            f"Logs         {record.state_dir / 'logs'}",
            f"State        {'ready' if record.ready else 'starting or stopping'}",
            "",
            *(f"{process.pid:>8}  {process.name}" for process in self.processes),
        ]
        return "\n".join(lines)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{MASK}@{parts.netloc.rpartition('@')[2]}"))


def read_status(folder: StateFolder) -> PlatformStatus | None:
    """What runs on `folder`; None when nothing does."""
    holder = InstanceLock(folder.lock_file).holder()
    record = PlatformRecord.read(folder.record_file)
    if holder is None or record is None:
        return None
    processes = [ProcessLine(SUPERVISOR, holder), *_running(folder.processes_file)]
    for pod in _running(folder.pods_file):
        processes.append(pod)
        processes += [ProcessLine(pod.name.replace("pod/", "worker/", 1), pid) for pid in children_of(pod.pid)]
    return PlatformStatus(record, processes)


def _running(ledger: Path) -> list[ProcessLine]:
    found: dict[str, ProcessIdentity] = ProcessLedger.read(ledger)
    return [ProcessLine(name, identity.pid) for name, identity in found.items() if identity.is_running()]
