"""Everything the api can be told from outside: one class, read from the environment by the commands only."""

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import Field, SecretStr, field_validator

from vap_common.settings import CameraSettings, KafkaSettings, ServiceSettings

MAX_LIMIT = 1000
"""Entries on one page of any list."""


class Settings(ServiceSettings, KafkaSettings, CameraSettings):
    """Settings of `vap-api serve`, `relay`, `inbox` and `migrate`."""

    database_url: SecretStr = Field(
        description="PostgreSQL: postgresql://user:password@host:5432/vap_db, "
        "or over a unix socket postgresql://user@/vap_db?host=/folder. Needs session pooling, if pooled at all."
    )
    database_pool_size: int = Field(
        default=8, ge=1, le=100, description="Connections of one serve process: requests that query at the same time."
    )
    database_timeout_seconds: float = Field(
        default=4.0,
        gt=0,
        le=60,
        description="After this a request is answered 503, whatever the database does.",
    )

    api_host: str = Field(default="0.0.0.0", description="Address that serve listens on.")  # noqa: S104 - a container
    api_port: int = Field(default=8000, ge=0, le=65535, description="Port that serve listens on; 0 picks a free one.")
    api_max_body_bytes: int = Field(default=65_536, ge=1024, description="Largest request body; more is refused (413).")
    api_drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=300,
        description="After SIGTERM /readyz fails for so long before serve stops, so that balancers look away first.",
    )

    results_retention_days: int = Field(
        default=7, ge=1, le=3650, description="Days that results are kept; whole days are dropped."
    )
    results_days_ahead: int = Field(
        default=3, ge=1, le=60, description="Daily partitions of results kept ready for days to come."
    )

    outbox_notify: bool = Field(
        default=True,
        description="Whether a commit wakes the relay (NOTIFY). Off costs up to a poll interval of delay, "
        "and saves a lock that many concurrent writers share.",
    )
    outbox_batch_size: int = Field(default=5000, ge=1, le=50_000, description="Rows the relay claims at once.")
    outbox_poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often the relay looks without being woken."
    )
    outbox_delivery_timeout_seconds: float = Field(
        default=30.0, ge=1, le=600, description="How long the broker may take for a record before it is sent anew."
    )
    outbox_retention_hours: float = Field(
        default=24.0, ge=0, description="Hours that published outbox rows are kept for people to look at."
    )
    confirmation_timeout_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A scenario that is not final and was not heard of for so long is asked for again.",
    )
    convergence_interval_seconds: float = Field(
        default=5.0, gt=0, description="How often the relay looks for scenarios to ask for again."
    )
    topics_check_seconds: float = Field(
        default=10.0, gt=0, description="How often the relay checks that every topic exists, and makes missing ones."
    )

    inbox_batch_size: int = Field(default=5000, ge=1, le=50_000, description="Records the inbox stores at once.")
    inbox_session_timeout_ms: int = Field(
        default=6000,
        ge=1000,
        description="A silent inbox loses its partitions after this. Brokers refuse less than their "
        "group.min.session.timeout.ms (6000 as shipped).",
    )
    inbox_group_prefix: str = Field(
        default="vap-inbox", min_length=1, description="Consumer groups are this, a dash and the topic."
    )

    health_host: str = Field(
        default="0.0.0.0",  # noqa: S104 - probes come from outside the container
        description="Address that relay and inbox listen on for probes and metrics.",
    )
    relay_health_port: int = Field(
        default=8081,
        ge=0,
        le=65535,
        description="Port of the relay's /livez, /readyz and /metrics; 0 picks a free one.",
    )
    inbox_health_port: int = Field(
        default=8082,
        ge=0,
        le=65535,
        description="Port of the inbox's /livez, /readyz and /metrics; 0 picks a free one.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_a_database_url(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must look like postgresql://user:password@host:5432/vap_db")
        try:
            parse_dsn(url)
        except psycopg2.Error:
            # libpq's text may quote parts of the URL.
            raise ValueError("cannot be read; percent-encode special characters in user and password") from None
        return value
