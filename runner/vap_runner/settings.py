"""The runner's environment; `python -m vap_common.env_example vap_runner.settings:Settings` prints it."""

import socket
from pathlib import Path

from pydantic import Field, field_validator

from vap_common.settings import CameraSettings, KafkaSettings, ServiceSettings


class Settings(ServiceSettings, KafkaSettings, CameraSettings):
    """Read by the runner process and, from the same environment, by each of its worker processes."""

    pod_name: str = Field(default="", validate_default=True, description="Name of the pod; the host's name by default.")
    max_workers: int = Field(default=4, ge=1, le=256, description="Worker processes, and so scenarios, of this runner.")
    health_host: str = Field(
        default="0.0.0.0",  # noqa: S104 - kubelet and Prometheus ask from outside of the pod
        description="Address for /livez, /readyz and /metrics.",
    )
    health_port: int = Field(default=8080, ge=0, le=65535, description="Their port; 0 picks a free one.")

    heartbeat_interval_seconds: float = Field(
        default=2.0, gt=0, le=60, description="Time between heartbeats; a change is sent at once in any case."
    )
    lease_seconds: float = Field(
        default=6.0,
        gt=0,
        le=300,
        description="Results are sent only while a heartbeat was acknowledged and to_deploy was read to its end within "
        "this time. Must be less than the operator's time to declare a runner lost.",
    )
    drain_seconds: float = Field(
        default=20.0, gt=0, description="Longest orderly end after SIGTERM; less than the pod's grace period."
    )
    worker_stop_seconds: float = Field(
        default=5.0, gt=0, description="After this a worker that was told to stop is killed."
    )
    worker_memory_limit_mb: int = Field(
        default=0,
        ge=0,
        description="A worker above this (MiB, proportional set size) is ended; 0 takes the worker's share of the "
        "container's memory limit, if it has one.",
    )

    warm_detectors: str = Field(
        default="nanodet", description="Detectors that waiting worker processes have loaded: NAME[,NAME…]."
    )
    onnx_model_path: Path | None = Field(default=None, description="Model file of the detector onnx.")
    onnx_class_names_path: Path | None = Field(
        default=None, description="Its class names, one a line; by default the model's metadata."
    )

    stream_open_timeout_seconds: float = Field(default=5.0, gt=0, le=120, description="Longest opening of a stream.")
    stream_read_timeout_seconds: float = Field(
        default=5.0, gt=0, le=120, description="Longest silence of an open stream."
    )
    stream_retry_max_seconds: float = Field(
        default=30.0, gt=0, description="Longest wait before a stream is opened again."
    )
    stream_auth_retry_seconds: float = Field(
        default=300.0, gt=0, description="Wait after a camera refused the credentials: cameras lock accounts."
    )
    result_hold_max: int = Field(
        default=2000, ge=1, description="Results that a worker holds while it may not send; the oldest are dropped."
    )

    @field_validator("pod_name")
    @classmethod
    def _default_pod_name(cls, value: str) -> str:
        return value or socket.gethostname()

    @field_validator("onnx_model_path", "onnx_class_names_path", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def warm_detector_names(self) -> tuple[str, ...]:
        """`warm_detectors` taken apart."""
        return tuple(name.strip() for name in self.warm_detectors.split(",") if name.strip())
