"""What can be chosen about the local platform."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, SecretStr

from vap_common.settings import ServiceSettings

DEFAULT_STATE_FOLDER = ".vap"


class LocalSettings(ServiceSettings):
    """Read from the environment by `vap`; options on the command line come first."""

    vap_home: Path | None = Field(
        default=None, description=f"State folder of the local platform; {DEFAULT_STATE_FOLDER} here by default."
    )
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL to use instead of an embedded one: postgresql://user:password@host/db."
    )
    kafka_bootstrap_servers: str | None = Field(
        default=None, description="Kafka to use instead of an embedded broker: host:port[,host:port…]."
    )
    api_port: int = Field(default=8000, ge=1, le=65535, description="Port of the REST API; another one if taken.")


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Size of the default RunnerPool. None leaves what is there, or takes the custom resource's default."""

    min_runners: int | None = None
    max_runners: int | None = None
    max_workers: int | None = None
    warm_slots: int | None = None

    def spec(self) -> dict[str, int]:
        """The fields of the RunnerPool's spec that were chosen."""
        chosen = {
            "minRunners": self.min_runners,
            "maxRunners": self.max_runners,
            "maxWorkers": self.max_workers,
            "warmSlots": self.warm_slots,
        }
        return {name: value for name, value in chosen.items() if value is not None}
