"""The settings that every service has. Each service adds its own in one class; the environment is read nowhere else."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read from environment variables of the same name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level that is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: console on a terminal, JSON elsewhere."
    )


class KafkaSettings(BaseSettings):
    """How to reach Kafka."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    kafka_bootstrap_servers: str = Field(
        default="localhost:9092", description="Brokers to start from: host:port[,host:port…]."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the connection is protected."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="Used with a SASL protocol."
    )
    kafka_sasl_username: str | None = Field(default=None, description="Used with a SASL protocol.")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="Used with a SASL protocol.")
    kafka_ssl_ca_location: str | None = Field(
        default=None, description="File with the certificate authorities to trust; the system's by default."
    )
    kafka_idempotent_producer: bool = Field(
        default=True,
        description="Whether the broker discards repeated sends. Off for the embedded broker: one that lost its "
        "memory would refuse the producer for ever; readers deduplicate by content in any case.",
    )
    kafka_fetch_wait_max_ms: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="How long a broker may hold an empty fetch, in milliseconds: latency against idle traffic.",
    )


class CameraSettings(BaseSettings):
    """Which camera URLs are accepted, and the key that hides their credentials."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    vap_secret_key: SecretStr | None = Field(
        default=None,
        description="Fernet keys, comma-separated; the first encrypts, all decrypt. Needed for credentials in URLs.",
    )
    camera_allow_private: bool = Field(
        default=True, description="Whether a camera may be at a private address (RFC 1918, IPv6 ULA)."
    )
    camera_allow_loopback: bool = Field(
        default=False, description="Whether a camera may be at a loopback address. For a single machine only."
    )
    camera_allow_link_local: bool = Field(
        default=False,
        description="Whether a camera may be at a link-local address (cloud metadata lives there).",
    )
    camera_refused_networks: str = Field(
        default="", description="Networks no camera may be in, such as the cluster's own: CIDR[,CIDR…]."
    )
    camera_allowed_networks: str = Field(
        default="", description="If set, a camera must be in one of these networks: CIDR[,CIDR…]."
    )
    camera_file_roots: str = Field(
        default="", description="Folders whose files may be used as cameras (file:// URLs), separated by ':'."
    )
