"""The pod runner's settings."""

from pathlib import Path

from pydantic import Field

from vap_common.settings import ServiceSettings


class PodRunnerSettings(ServiceSettings):
    """Read from the environment by `python -m vap_local.pods`."""

    kubeconfig: Path = Field(description="How to reach the API server.")
    pod_namespace: str = Field(default="default", description="Namespace whose pods are run.")
    pods_state_dir: Path = Field(description="Folder for the record of running processes.")
    pods_log_dir: Path = Field(description="Folder for the containers' output.")
    vap_instance: str = Field(description="Id that marks the processes of this instance.")
    health_port: int = Field(default=0, ge=0, le=65535, description="Port of /livez and /readyz; 0 picks a free one.")
