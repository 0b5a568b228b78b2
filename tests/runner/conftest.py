import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.harness import Desk
from vap_common.kafka.admin import ensure_topics
from vap_common.settings import KafkaSettings
from vap_local.embedded.broker import EmbeddedBroker


@pytest.fixture(scope="session")
def shared_kafka(scratch: Path) -> Iterator[KafkaSettings]:
    """One broker for most tests here: scenarios and pods have names of their own, so tests don't meet."""
    given = os.environ.get("VAP_TEST_KAFKA")
    if given:
        yield KafkaSettings(kafka_bootstrap_servers=given)
        return
    broker = EmbeddedBroker(scratch / "runner-broker.log")
    broker.start()
    yield KafkaSettings(kafka_bootstrap_servers=broker.bootstrap_servers, kafka_idempotent_producer=False)
    broker.stop()


@pytest.fixture
def desk(shared_kafka: KafkaSettings) -> Iterator[Desk]:
    """The operator's side of the conversation."""
    ensure_topics(shared_kafka, "test")
    subject = Desk(shared_kafka)
    yield subject
    subject.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For videos and logs."""
    path = tmp_path / uuid.uuid4().hex[:6]
    path.mkdir()
    return path
