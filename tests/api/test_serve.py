"""serve as a process: probes, an unreachable or frozen database, documentation, the end."""

import os
import re
import signal
import time

import httpx
import pytest
from prometheus_client import CollectorRegistry
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.api.conftest import Command, StartCommand, settings_for
from tests.api.web import serving
from tests.support.waiting import wait_for
from vap_api.app import build_app
from vap_api.settings import Settings
from vap_common.env_example import render_env_example
from vap_local.embedded.postgres import EmbeddedPostgres

CAMERA = {"camera_url": "rtsp://10.0.0.7/a"}


def address(serve: Command) -> str:
    def port() -> str | None:
        found = re.search(r"Uvicorn running on (http://127\.0\.0\.1:\d+)", serve.log)
        return found and found.group(1)

    return wait_for(port, "serve to listen")


def test_probes_and_metrics(client: httpx.Client) -> None:
    assert client.get("/livez").text == "ok\n"
    assert client.get("/readyz").text == "ok\n"
    client.get("/api/v1/scenarios?name=secret")
    metrics = client.get("/metrics").text
    assert 'vap_api_request_seconds_count{method="GET",route="/api/v1/scenarios",status="200"} 1.0' in metrics
    assert "secret" not in metrics


def test_not_ready_before_the_tables_are_there(database_url: str) -> None:
    with serving(build_app(settings_for(database_url), CollectorRegistry()).app) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "vap-api migrate" in answer.text
        assert client.get("/livez").status_code == 200


def test_an_unreachable_database_is_a_quick_503() -> None:
    settings = settings_for("postgresql://vap:hunter2@127.0.0.1:1/vap_db")
    with serving(build_app(settings, CollectorRegistry()).app) as client:
        started = time.monotonic()
        answer = client.post("/api/v1/scenario/init", json=CAMERA)
        assert time.monotonic() - started < settings.database_timeout_seconds + 2
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "2"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:vap:problem:database-unavailable"
        assert "hunter2" not in answer.text
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200


def test_a_frozen_database_is_a_503_and_nothing_is_written_behind_the_callers_back(
    migrated_url: str, database: Connection, postgres: EmbeddedPostgres
) -> None:
    settings = settings_for(migrated_url, database_timeout_seconds=0.5, database_pool_size=1)
    with serving(build_app(settings, CollectorRegistry()).app) as client:
        assert client.post("/api/v1/scenario/init", json=CAMERA).status_code == 200
        with database.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'vap-api serve'")
            pids = [postgres.pid, *(pid for (pid,) in cursor.fetchall())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            answers = [client.post("/api/v1/scenario/init", json=CAMERA).status_code for _ in range(3)]
            assert answers == [503, 503, 503]
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        wait_for(lambda: client.get("/readyz").status_code == 200, "serve to be ready again")
        assert client.post("/api/v1/scenario/init", json=CAMERA).status_code == 200
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM scenarios")
        assert cursor.fetchone() == (2,)


def test_it_drains_then_ends_well(settings: Settings, start_command: StartCommand) -> None:
    serve = start_command("serve", settings.model_copy(update={"api_port": 0, "api_drain_seconds": 1.5}))
    url = address(serve)
    wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200, "serve to be ready")
    serve.process.terminate()
    wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 503, "serve to drain")
    assert httpx.get(f"{url}/api/v1/scenarios").status_code == 200
    assert serve.process.wait(20) == 0


def test_the_documentation_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert client.get(path).status_code == 200
    script = client.get("/docs/assets/swagger-ui-bundle.js").text
    assert "SwaggerUIBundle" in script


def test_typed_problems_are_in_the_openapi_document(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    text = str(document)
    assert "HTTPValidationError" not in text
    init = document["paths"]["/api/v1/scenario/init"]["post"]["responses"]
    assert set(init) == {"200", "400", "413", "415", "422", "500", "503"}
    examples = init["422"]["content"]["application/problem+json"]["examples"]
    assert "camera-url-scheme-not-allowed" in examples
    assert examples["camera-url-empty"]["value"]["type"] == "urn:vap:problem:camera-url-empty"


def test_the_env_example_is_generated(request: pytest.FixtureRequest) -> None:
    example = request.config.rootpath / "api" / ".env.example"
    assert example.read_text() == render_env_example(Settings), (
        "regenerate it: python -m vap_common.env_example vap_api.settings:Settings > api/.env.example"
    )


def test_wrong_settings_are_named_without_their_values(settings: Settings, start_command: StartCommand) -> None:
    serve = start_command("serve", settings, DATABASE_URL="mysql://vap:hunter2@db/vap", API_PORT="many")
    assert serve.process.wait(20) == 1
    assert "database_url" in serve.log
    assert "api_port" in serve.log
    assert "hunter2" not in serve.log
