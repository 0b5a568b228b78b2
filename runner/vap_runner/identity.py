import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunnerIdentity:
    """Who this runner is. A container that restarts in its pod is another runner: its processes are new."""

    pod: str
    boot_id: str

    @classmethod
    def of_pod(cls, pod: str) -> "RunnerIdentity":
        """A new identity for this process."""
        return cls(pod, secrets.token_hex(4))

    @property
    def runner(self) -> str:
        """The name in orders and heartbeats."""
        return f"{self.pod}.{self.boot_id}"
