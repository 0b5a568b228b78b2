"""A runner pod, typed: the little that matters for its workers."""

from datetime import datetime

from pydantic import Field

from vap_operator.resources.base import JsonObject, Metadata, View
from vap_operator.resources.names import LABEL_POOL, LABEL_TEMPLATE_HASH, RUNNER_CONTAINER

FINISHED_PHASES = ("Succeeded", "Failed")


class Terminated(View):
    """How a container ended."""

    finished_at: datetime | None = None
    reason: str = ""
    exit_code: int | None = None


class ContainerState(View):
    """The part of a container's state that says that it ended."""

    terminated: Terminated | None = None


class ContainerStatus(View):
    """What the kubelet says of one container."""

    name: str
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(View):
    """What the kubelet says of the pod."""

    phase: str = "Pending"
    container_statuses: tuple[ContainerStatus, ...] = Field(default=())


class RunnerPod(View):
    """A pod with the label `vap.dev/pool`."""

    metadata: Metadata
    status: PodStatus = PodStatus()

    @classmethod
    def parse(cls, body: JsonObject) -> "RunnerPod":
        """The typed view of `body`. Raises pydantic.ValidationError."""
        return cls.model_validate(body)

    @property
    def pool(self) -> str:
        """The name of its RunnerPool."""
        return self.metadata.labels.get(LABEL_POOL, "")

    @property
    def template_hash(self) -> str:
        """Which template it was made from."""
        return self.metadata.labels.get(LABEL_TEMPLATE_HASH, "")

    @property
    def terminating(self) -> bool:
        """Whether it was deleted and is shutting down."""
        return self.metadata.deletion_timestamp is not None

    @property
    def finished(self) -> bool:
        """Whether none of its containers will run again."""
        return self.status.phase in FINISHED_PHASES

    @property
    def runner_ended_at(self) -> datetime | None:
        """When its runner container ended last, in whole seconds (cut); None while the first one runs."""
        for container in self.status.container_statuses:
            if container.name == RUNNER_CONTAINER:
                ended = container.state.terminated or container.last_state.terminated
                return ended.finished_at if ended is not None else None
        return None
