"""Backoff, time, health, dead-letter limits, logs and generated examples."""

import io
import json
import logging
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
import structlog
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from vap_common.backoff import Backoff
from vap_common.env_example import render_env_example
from vap_common.health import HealthServer
from vap_common.kafka.dead_letters import DeadLetterLimit, TooManyDeadLettersError
from vap_common.logs import configure_logging
from vap_common.settings import ServiceSettings
from vap_common.times import format_rfc3339, utc_now


def test_backoff_doubles_to_its_cap_and_starts_again_after_success() -> None:
    backoff = Backoff(first=1, cap=8)
    delays = [backoff.next_delay() for _ in range(6)]
    for delay, ceiling in zip(delays, (1, 2, 4, 8, 8, 8), strict=True):
        assert ceiling / 2 <= delay <= ceiling
    backoff.reset()
    assert backoff.next_delay() <= 1


def test_times_are_utc_with_milliseconds() -> None:
    assert format_rfc3339(datetime(2026, 3, 1, 12, 0, 0, 250_900, tzinfo=UTC)) == "2026-03-01T12:00:00.250Z"
    assert utc_now().microsecond % 1000 == 0
    with pytest.raises(ValueError, match="zone"):
        format_rfc3339(datetime(2026, 3, 1))  # noqa: DTZ001


def test_dead_letters_are_limited_in_a_row_only() -> None:
    limit = DeadLetterLimit(max_consecutive=3)
    for _ in range(10):
        limit.poison()
        limit.good()
    for _ in range(3):
        limit.poison()
    with pytest.raises(TooManyDeadLettersError):
        limit.poison()


def test_health_tells_what_is_wrong() -> None:
    problem: list[str] = []
    server = HealthServer("127.0.0.1", 0, live=lambda: None, ready=lambda: problem[0] if problem else None)
    server.start()
    base = f"http://127.0.0.1:{server.port}"
    assert urllib.request.urlopen(f"{base}/readyz").read() == b"ok\n"
    assert b"python_info" in urllib.request.urlopen(f"{base}/metrics").read()
    problem.append("broker away")
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(f"{base}/readyz")
    with answer.value as response:
        assert (response.status, response.read()) == (503, b"broker away\n")
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{base}/secret")
    with missing.value as response:
        assert response.status == 404
    server.stop()


def test_logs_hold_no_credentials_whoever_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(ServiceSettings(log_format="json"), "test")
        secret = "rtsp://user:hunter2@10.0.0.7/a"
        structlog.get_logger("a").info("camera.opened", url=secret, nested={"url": secret}, items=[secret])
        logging.getLogger("b").warning("opening %s", secret)
        try:
            raise RuntimeError(secret)
        except RuntimeError:
            structlog.get_logger("c").exception("camera.failed")
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert "hunter2" not in stream.getvalue()
    first = json.loads(lines[0])
    assert first["nested"] == {"url": "rtsp://***@10.0.0.7/a"}
    assert first["items"] == ["rtsp://***@10.0.0.7/a"]
    assert (first["event"], first["url"], first["service"]) == ("camera.opened", "rtsp://***@10.0.0.7/a", "test")


def test_an_env_example_names_every_setting() -> None:
    class Example(BaseSettings):
        database_url: SecretStr = Field(description="Where the database is.")
        size: int = Field(default=3, description="How many.")
        on: bool = Field(default=True, description="Whether.")

    assert render_env_example(Example) == (
        "# Where the database is.\nDATABASE_URL=\n\n# How many.\n# SIZE=3\n\n# Whether.\n# ON=true\n"
    )
