"""What is known of one container, and its form in a pod's status."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vap_local.kubeclient.client import JsonObject


def kube_time(moment: datetime | None = None) -> str:
    """A time as Kubernetes objects hold it: UTC, whole seconds."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not running (yet); the reason is one of kubelet's words."""

    reason: str = "ContainerCreating"
    message: str = ""

    def render(self) -> JsonObject:
        """For `state`."""
        return {"waiting": {"reason": self.reason} | ({"message": self.message} if self.message else {})}


@dataclass(frozen=True, slots=True)
class Running:
    """The process runs."""

    started_at: str

    def render(self) -> JsonObject:
        """For `state`."""
        return {"running": {"startedAt": self.started_at}}


@dataclass(frozen=True, slots=True)
class Terminated:
    """The process ended."""

    exit_code: int
    """128 + the signal's number for a process that a signal ended, as in a shell."""
    started_at: str
    finished_at: str
    container_id: str = ""
    message: str = ""

    @property
    def reason(self) -> str:
        """Kubelet's word for it."""
        return "Completed" if self.exit_code == 0 else "Error"

    def render(self) -> JsonObject:
        """For `state` and `lastState`."""
        body: JsonObject = {
            "exitCode": self.exit_code,
            "reason": self.reason,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
            "containerID": self.container_id,
        }
        if self.exit_code > 128:
            body["signal"] = self.exit_code - 128
        return {"terminated": body | ({"message": self.message} if self.message else {})}


@dataclass(frozen=True, slots=True)
class ContainerReport:
    """One container at one moment."""

    name: str
    image: str
    state: Waiting | Running | Terminated = Waiting()
    last_state: Terminated | None = None
    started: bool = False
    """The startup probe passed (or there is none) and the process runs."""
    ready: bool = False
    restart_count: int = 0
    container_id: str = ""
    finished: bool = False
    """Ended, and by its pod's restart policy not started again."""

    def with_state(self, state: Waiting | Running | Terminated) -> "ContainerReport":
        """The same container in another state: neither started nor ready until that is known."""
        last = self.state if isinstance(self.state, Terminated) else self.last_state
        return replace(self, state=state, last_state=last, started=False, ready=False)

    def render(self) -> JsonObject:
        """An entry of `containerStatuses`."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "containerID": self.container_id,
            "state": self.state.render(),
            "lastState": self.last_state.render() if self.last_state else {},
            "started": self.started,
            "ready": self.ready,
            "restartCount": self.restart_count,
        }
