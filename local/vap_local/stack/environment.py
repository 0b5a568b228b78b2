"""The environment of each service: the user's own, and on top of it what makes them find each other."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vap_local.camera.clips import CLIPS
from vap_local.embedded.ports import LOOPBACK
from vap_local.stack.addresses import Addresses
from vap_local.state.folder import StateFolder
from vap_local.supervision.leftovers import INSTANCE_VARIABLE

NAMESPACE = "default"
_KAFKA_PREFIX = "KAFKA_"
_CAMERA_PREFIX = "CAMERA_"
_RUNNER_SECRETS = ("VAP_SECRET_KEY", "KAFKA_SASL_PASSWORD")
_RUNNER_PLAIN = ("LOG_LEVEL", "WARM_DETECTORS", "ONNX_MODEL_PATH", "ONNX_CLASS_NAMES_PATH", "OMP_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The two outer systems, embedded or given."""

    database_url: str
    kafka_bootstrap_servers: str
    kafka_is_embedded: bool


@dataclass(frozen=True)
class Environments:
    """Builds environments."""

    folder: StateFolder
    addresses: Addresses
    endpoints: Endpoints
    working_folder: Path
    inherited: Mapping[str, str]

    @classmethod
    def here(cls, folder: StateFolder, addresses: Addresses, endpoints: Endpoints) -> "Environments":
        """With this process's environment and working directory."""
        return cls(folder, addresses, endpoints, Path.cwd(), dict(os.environ))

    def base(self) -> dict[str, str]:
        """What every process of the platform gets."""
        return {**self.inherited, INSTANCE_VARIABLE: self.folder.instance_id(), "PYTHONUNBUFFERED": "1"}

    def service(self, **own: str) -> dict[str, str]:
        """The environment of api and operator."""
        return (
            self.base()
            | self._kafka()
            | self._cameras()
            | {
                "DATABASE_URL": self.endpoints.database_url,
                "VAP_SECRET_KEY": self.folder.secret_key(),
                "KUBECONFIG": str(self.folder.kubeconfig),
                "HEALTH_HOST": LOOPBACK,
                **own,
            }
        )

    def runner(self) -> dict[str, str]:
        """What stands openly in the runners' pod template."""
        given = {name: self.inherited[name] for name in _RUNNER_PLAIN if name in self.inherited}
        return given | self._kafka() | self._cameras() | {"HEALTH_HOST": LOOPBACK, "LOG_FORMAT": "json"}

    def runner_secrets(self) -> dict[str, str]:
        """What the runners get from a Secret."""
        known = {**self.inherited, "VAP_SECRET_KEY": self.folder.secret_key()}
        return {name: known[name] for name in _RUNNER_SECRETS if name in known}

    def _kafka(self) -> dict[str, str]:
        given = {
            name: value
            for name, value in self.inherited.items()
            if name.startswith(_KAFKA_PREFIX) and name not in _RUNNER_SECRETS
        }
        address = {"KAFKA_BOOTSTRAP_SERVERS": self.endpoints.kafka_bootstrap_servers}
        if not self.endpoints.kafka_is_embedded:
            return given | address
        # The embedded broker keeps nothing when it dies and then refuses idempotent producers it has forgotten.
        return given | address | {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT", "KAFKA_IDEMPOTENT_PRODUCER": "false"}

    def _cameras(self) -> dict[str, str]:
        given = {name: value for name, value in self.inherited.items() if name.startswith(_CAMERA_PREFIX)}
        ours = {
            "CAMERA_ALLOW_PRIVATE": "true",
            "CAMERA_ALLOW_LOOPBACK": "true",
            "CAMERA_FILE_ROOTS": f"{self.working_folder}:{CLIPS}",
        }
        return ours | given
