"""`vap status` tells addresses, and keeps the password of a given database to itself."""

import pytest

from vap_local.commands.status import PlatformStatus
from vap_local.state.record import PlatformRecord


def status_with(database: str) -> PlatformStatus:
    record = PlatformRecord.model_validate(
        {
            "supervisor_pid": 1,
            "started_at": "2026-03-01T12:00:00Z",
            "ready": True,
            "state_dir": "/tmp/state",
            "api": "http://127.0.0.1:8000",
            "docs": "http://127.0.0.1:8000/docs",
            "kafka": "127.0.0.1:9092",
            "database": database,
            "kubeconfig": "/tmp/state/kubeconfig",
            "camera": "rtsp://127.0.0.1:8554/a",
            "clip": "file:///a.mp4",
            "ports": {},
        }
    )
    return PlatformStatus(record, [])


@pytest.mark.parametrize("output", ["as_json", "as_text"])
def test_a_given_databases_password_is_masked(output: str) -> None:
    shown = str(getattr(status_with("postgresql://vap:hunter2@db:5432/vap_db"), output)())
    assert "hunter2" not in shown
    assert "postgresql://vap:***@db:5432/vap_db" in shown


def test_the_embedded_databases_url_can_be_used_as_it_is() -> None:
    url = "postgresql://postgres@/vap_db?host=%2Ftmp%2Fsocket"
    assert status_with(url).as_json()["database"] == url
