import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.harness import Desk
from vap_common.settings import KafkaSettings


@pytest.fixture
def desk(kafka: KafkaSettings) -> Iterator[Desk]:
    """Topics of the test's own, and the operator's side of them."""
    subject = Desk(kafka)
    yield subject
    subject.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For videos and logs."""
    path = tmp_path / uuid.uuid4().hex[:6]
    path.mkdir()
    return path
