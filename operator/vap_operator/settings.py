"""What the operator reads from its environment."""

from pydantic import Field

from vap_common.settings import CameraSettings, KafkaSettings, ServiceSettings


class Settings(ServiceSettings, KafkaSettings, CameraSettings):
    """Every setting of `vap-operator`; the environment is read nowhere else."""

    namespace: str = Field(default="default", description="The one namespace whose custom resources are served.")
    kubeconfig: str | None = Field(
        default=None, description="File that says how to reach the Kubernetes API; empty inside a cluster."
    )
    health_host: str = Field(default="0.0.0.0", description="Address of /livez, /readyz and /metrics.")  # noqa: S104
    health_port: int = Field(default=8081, ge=0, le=65535, description="Port of the same; 0 picks a free one.")
    pod_name: str = Field(default="", description="Name of this pod, for the Lease; the host's name by default.")
    leader_election: bool = Field(
        default=True, description="Whether several operators may run: one leads by a Lease, the others stand by."
    )
    lease_name: str = Field(default="vap-operator", min_length=1, description="Name of the Lease.")
    lease_duration_seconds: float = Field(
        default=10.0, gt=3, le=120, description="A standby takes over when the Lease was not renewed for so long."
    )
    reconcile_concurrency: int = Field(
        default=32, ge=1, le=512, description="Scenarios that are reconciled at the same time."
    )
    runner_lost_after_seconds: float = Field(
        default=12.0, gt=0, description="A runner that is silent for so long has lost its workers."
    )
    silent_pod_delete_seconds: float = Field(
        default=120.0, gt=0, description="The pod of a runner that is silent for so long is replaced."
    )
    assignment_timeout_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A runner that reports, but not the worker it was given so long ago, has lost the order.",
    )
    absence_confirms_stop_seconds: float = Field(
        default=5.0,
        ge=0,
        description="A runner that reports, but for so long not the worker it was told to stop, has stopped it.",
    )
    deletion_grace_seconds: float = Field(
        default=30.0,
        ge=0,
        description="A deleted scenario waits at most so long for Kafka and for its worker's confirmation.",
    )
    status_interval_seconds: float = Field(
        default=28.0,
        gt=0,
        description="Every scenario that is not final is published again at least so often (jittered downwards).",
    )
    telemetry_interval_seconds: float = Field(
        default=60.0, gt=0, description="Telemetry is written to a custom resource at most so often, jittered upwards."
    )
    resync_interval_seconds: float = Field(
        default=300.0, gt=0, description="How often every object is listed again, against events that were missed."
    )
    pod_start_seconds: float = Field(
        default=120.0, gt=0, description="A pod that has not reported for so long is not counted on any more."
    )
    kafka_delivery_timeout_seconds: float = Field(
        default=20.0, gt=1, description="A record that is not acknowledged for so long is sent again."
    )
