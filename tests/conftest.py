"""Real parts for every test: one PostgreSQL and one broker per run, a fresh database or topic set on demand."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emptied_kafka import empty_kafka
from vap_common.kafka.admin import ensure_topics
from vap_common.settings import KafkaSettings
from vap_local.embedded.broker import EmbeddedBroker
from vap_local.embedded.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the whole run. Short: unix sockets lie in it. Open to the user PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="vap-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[EmbeddedPostgres]:
    """A running PostgreSQL."""
    server = EmbeddedPostgres(scratch / "pg")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> str:
    """The URL of a new, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.create_database(name)
    return postgres.url(name)


@pytest.fixture
def embedded_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """An embedded broker of the test's own, to be stopped, killed and started again."""
    broker = EmbeddedBroker(tmp_path / "broker.log")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def kafka(request: pytest.FixtureRequest) -> KafkaSettings:
    """Settings of a broker whose topics are all new and empty.

    The Apache Kafka in VAP_TEST_KAFKA (its topics and groups are deleted first), or an embedded broker of
    the test's own.
    """
    given = os.environ.get("VAP_TEST_KAFKA")
    # A test that stops, kills or empties its broker asks for the embedded one by name.
    if given and "embedded_broker" not in request.fixturenames:
        settings = KafkaSettings(kafka_bootstrap_servers=given)
        empty_kafka(settings)
    else:
        broker: EmbeddedBroker = request.getfixturevalue("embedded_broker")
        settings = KafkaSettings(kafka_bootstrap_servers=broker.bootstrap_servers, kafka_idempotent_producer=False)
    ensure_topics(settings, "test")
    return settings
