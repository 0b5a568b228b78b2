"""A migrated database for each test, and the api's commands as they are run: in this process or as real ones."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg2
import pytest
import structlog
from prometheus_client import CollectorRegistry
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case
from pydantic import SecretStr

from tests.api.web import serving
from vap_api.app import build_app
from vap_api.db.schema import upgrade
from vap_api.inbox.housekeeping import keep_partitions_now
from vap_api.settings import Settings
from vap_common.camera.cipher import generate_key
from vap_common.settings import KafkaSettings
from vap_local.embedded.broker import EmbeddedBroker
from vap_local.embedded.postgres import EmbeddedPostgres

NO_BROKER = "127.0.0.1:1"
MakeSettings = Callable[..., Settings]


def settings_for(database_url: str, bootstrap_servers: str = NO_BROKER, **overrides: object) -> Settings:
    """Settings as `vap up` gives them, with short times."""
    values: dict[str, object] = {
        "database_url": SecretStr(database_url),
        "kafka_bootstrap_servers": bootstrap_servers,
        "kafka_idempotent_producer": False,
        "kafka_fetch_wait_max_ms": 5,
        "vap_secret_key": SecretStr(generate_key()),
        "api_host": "127.0.0.1",
        "health_host": "127.0.0.1",
        "relay_health_port": 0,
        "inbox_health_port": 0,
        # Apache Kafka refuses less than 6 s; the embedded broker makes every join wait for half of it.
        "inbox_session_timeout_ms": 6000 if bootstrap_servers == os.environ.get("VAP_TEST_KAFKA") else 1000,
        "database_pool_size": 4,
    }
    return Settings.model_validate(values | overrides)


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Tracebacks as text: structlog's own take seconds to draw every local variable."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )


@pytest.fixture(scope="session")
def shared_database_url(postgres: EmbeddedPostgres) -> str:
    """A database with all tables, for all tests of this folder."""
    name = f"api_{uuid.uuid4().hex}"
    postgres.create_database(name)
    settings = settings_for(postgres.url(name))
    upgrade(settings)
    keep_partitions_now(settings)
    return postgres.url(name)


@pytest.fixture
def migrated_url(shared_database_url: str) -> str:
    """The URL of a database with all tables, empty, and nobody else connected to it."""
    connection = psycopg2.connect(shared_database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        cursor.execute(
            "TRUNCATE scenarios, scenario_transitions, workers, outbox_scenario, scenario_results RESTART IDENTITY"
        )
    connection.close()
    return shared_database_url


@pytest.fixture
def database(migrated_url: str) -> Iterator[Connection]:
    """A connection to look with, in autocommit mode."""
    connection = psycopg2.connect(migrated_url)
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    """Settings with a database and without a broker."""
    return settings_for(migrated_url)


@pytest.fixture
def embedded_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """As for all tests, except that it ends at once: asked politely it waits for its clients to go."""
    broker = EmbeddedBroker(tmp_path / "broker.log")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def broker_settings(migrated_url: str, kafka: KafkaSettings) -> Settings:
    """Settings with a database and a broker of the test's own."""
    return settings_for(migrated_url, kafka.kafka_bootstrap_servers)


@pytest.fixture
def registry() -> CollectorRegistry:
    """The metrics of one application."""
    return CollectorRegistry()


@pytest.fixture
def client(settings: Settings, registry: CollectorRegistry) -> Iterator[httpx.Client]:
    """The web application, in this process."""
    with serving(build_app(settings, registry).app) as opened:
        yield opened


class Command:
    """A command of the api as a process of its own."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log_file: Path) -> None:
        self.log_file = log_file
        with log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text()

    def logged(self, text: str) -> Callable[[], bool]:
        """A probe for `wait_for`: has it written this yet?"""
        return lambda: text in self.log

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it holds what it holds, and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def terminate(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=20)


StartCommand = Callable[..., Command]


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables."""
    values = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is not None:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            values[name.upper()] = text
    return os.environ | values | {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}


@pytest.fixture
def start_command(tmp_path: Path) -> Iterator[StartCommand]:
    """Starts `vap-api NAME`, or a script; whatever still runs is killed at the end."""
    started: list[Command] = []

    def start(name: str, settings: Settings, script: Path | None = None, **environment: str) -> Command:
        arguments = [str(script)] if script else ["-m", "vap_api.main", name]
        command = Command(arguments, environment_of(settings) | environment, tmp_path / f"{name}-{len(started)}.log")
        started.append(command)
        return command

    yield start
    for command in started:
        if command.process.poll() is None:
            command.kill()
