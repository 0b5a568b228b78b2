"""Bad input: each kind has its own answer, none repeats the input, and the service goes on."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.api.conftest import settings_for
from tests.api.web import serving
from vap_api.app import build_app
from vap_api.scenario.repository import ScenarioRepository
from vap_api.settings import Settings

INIT = "/api/v1/scenario/init"
GOOD = {"camera_url": "rtsp://10.0.0.7/a"}


@pytest.fixture(scope="module")
def client(shared_database_url: str) -> Iterator[httpx.Client]:
    """One application for all of these: nothing here gets as far as a table."""
    with serving(build_app(settings_for(shared_database_url), CollectorRegistry()).app) as opened:
        yield opened


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:vap:problem:{kind}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", "camera-url-empty"),
        ("   ", "camera-url-empty"),
        ("rtsp://10.0.0.7/" + "a" * 2048, "camera-url-too-long"),
        ("ftp://10.0.0.7/a", "camera-url-scheme-not-allowed"),
        ("javascript:alert(1)", "camera-url-scheme-not-allowed"),
        ("10.0.0.7/a", "camera-url-scheme-not-allowed"),
        ("rtsp:///a", "camera-url-malformed"),
        ("rtsp://10.0.0.7:99999/", "camera-url-malformed"),
        ("rtsp://10.0.0.7/a b", "camera-url-malformed"),
        ("rtsp://10.0.0.7/\u0000", "camera-url-malformed"),
        ("rtsp://127.0.0.1/a", "camera-url-address-refused"),
        ("rtsp://localhost/a", "camera-url-address-refused"),
        ("rtsp://0x7f.1/a", "camera-url-address-refused"),
        ("rtsp://[::ffff:127.0.0.1]/a", "camera-url-address-refused"),
        ("http://169.254.169.254/latest", "camera-url-address-refused"),
        ("file:///etc/passwd", "camera-url-file-not-allowed"),
    ],
)
def test_a_camera_url_that_is_refused_says_why(client: httpx.Client, url: str, kind: str) -> None:
    document = problem(client.post(INIT, json={"camera_url": url}), 422, kind)
    assert document["errors"][0]["field"] == "camera_url"


def test_a_refused_address_names_the_setting_that_decides(client: httpx.Client) -> None:
    document = problem(client.post(INIT, json={"camera_url": "rtsp://127.0.0.1/"}), 422, "camera-url-address-refused")
    assert "CAMERA_ALLOW_LOOPBACK" in document["detail"]


def test_settings_open_the_door(migrated_url: str, tmp_path: Any) -> None:
    settings = settings_for(migrated_url, camera_allow_loopback=True, camera_file_roots=str(tmp_path))
    with serving(build_app(settings, CollectorRegistry()).app) as client:
        for url in ("rtsp://127.0.0.1/a", f"file://{tmp_path}/clip.mp4"):
            assert client.post(INIT, json={"camera_url": url}).status_code == 200
        outside = client.post(INIT, json={"camera_url": f"file://{tmp_path}/../x.mp4"})
        problem(outside, 422, "camera-url-file-not-allowed")


def test_credentials_without_a_key_are_refused(migrated_url: str) -> None:
    settings = settings_for(migrated_url, vap_secret_key=None)
    with serving(build_app(settings, CollectorRegistry()).app) as client:
        answer = client.post(INIT, json={"camera_url": "rtsp://u:hunter2@10.0.0.7/"})
        assert "VAP_SECRET_KEY" in problem(answer, 422, "camera-url-no-secret-key")["detail"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"camera_url": None}, "camera_url"),
        ({"camera_url": 7}, "camera_url"),
        ({"camera_url": "rtsp://10.0.0.7/\ud800"}, "camera_url"),
        ({"detector": "yolo99"}, "detector"),
        ({"confidence": -0.01}, "confidence"),
        ({"confidence": 1.01}, "confidence"),
        ({"confidence": "much"}, "confidence"),
        ({"target_fps": 0}, "target_fps"),
        ({"target_fps": -1}, "target_fps"),
        ({"target_fps": 1e9}, "target_fps"),
        ({"classes": [""]}, "classes.0"),
        ({"classes": ["person\u0000"]}, "classes.0"),
        ({"classes": ["x" * 65]}, "classes.0"),
        ({"classes": ["x"] * 101}, "classes"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"on_stream_end": "Sometimes"}, "on_stream_end"),
        ({"emit": "Never"}, "emit"),
        ({"confidense": 0.5}, "confidense"),
    ],
)
def test_a_wrong_field_is_named(client: httpx.Client, fields: dict[str, Any], field: str) -> None:
    body = json.dumps(GOOD | fields).encode()
    answer = client.post(INIT, content=body, headers={"content-type": "application/json"})
    document = problem(answer, 422, "invalid-request")
    assert [entry["field"] for entry in document["errors"]] == [field]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(client: httpx.Client, number: str) -> None:
    body = f'{{"camera_url": "rtsp://10.0.0.7/a", "confidence": {number}}}'
    answer = client.post(INIT, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{]",
        b"not json",
        b"\xff\xfe",
        b'{"camera_url": "rtsp://10.0.0.7/a"',
        b"[" * 20_000,
        b'{"a":' * 9_000,
    ],
)
def test_a_body_that_is_no_json(client: httpx.Client, body: bytes) -> None:
    answer = client.post(INIT, content=body, headers={"content-type": "application/json"})
    if body:
        problem(answer, 400, "malformed-json")
    else:
        problem(answer, 422, "invalid-request")


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"rtsp://10.0.0.7/a"', b"{}"])
def test_json_that_is_no_such_object(client: httpx.Client, body: bytes) -> None:
    answer = client.post(INIT, content=body, headers={"content-type": "application/json"})
    problem(answer, 422, "invalid-request")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type(client: httpx.Client, content_type: str) -> None:
    answer = client.post(INIT, content=b'{"camera_url": "rtsp://10.0.0.7/a"}', headers={"content-type": content_type})
    problem(answer, 415, "unsupported-media-type")


def test_a_huge_body_with_and_without_its_length(client: httpx.Client) -> None:
    huge = b'{"camera_url": "' + b"x" * 100_000 + b'"}'
    headers = {"content-type": "application/json"}
    problem(client.post(INIT, content=huge, headers=headers), 413, "body-too-large")
    chunks = (huge[start : start + 8192] for start in range(0, len(huge), 8192))
    problem(client.post(INIT, content=chunks, headers=headers), 413, "body-too-large")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/prediction/nonsense",
        "/api/v1/scenarios/nonsense",
        "/api/v1/scenarios/nonsense/history",
        "/api/v1/scenarios?limit=0",
        "/api/v1/scenarios?limit=1001",
        "/api/v1/scenarios?status=flying",
        "/api/v1/scenarios?created_after=yesterday",
        "/api/v1/scenarios?created_after=2026-01-01T00:00:00",
        "/api/v1/scenarios?created_before=0001-01-01T00:00:00%2B18:12",
        "/api/v1/scenarios?name=%00",
        "/api/v1/workers?status=flying",
        "/api/v1/workers?scenario_uuid=1",
        "/api/v1/prediction/6f1c3f0e-6ce4-4a5c-9a3e-000000000001?since_frame=-1",
        "/api/v1/prediction/6f1c3f0e-6ce4-4a5c-9a3e-000000000001?since_frame=99999999999999999999",
        "/api/v1/prediction/6f1c3f0e-6ce4-4a5c-9a3e-000000000001?since_frame=1&cursor=first",
    ],
)
def test_wrong_parameters_are_422(client: httpx.Client, path: str) -> None:
    problem(client.get(path), 422, "invalid-request")


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "cDow", "czox", "cDotMTowOjA", "cDo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OjA6MA", "ä"]
)
@pytest.mark.parametrize("call", ["prediction/6f1c3f0e-6ce4-4a5c-9a3e-000000000001", "workers"])
def test_a_cursor_of_nobodys_making_is_422(client: httpx.Client, cursor: str, call: str) -> None:
    problem(client.get(f"/api/v1/{call}?cursor={cursor}"), 422, "invalid-cursor")


def test_unknown_paths_and_methods(client: httpx.Client) -> None:
    problem(client.get("/api/v2/anything"), 404, "not-found")
    answer = client.delete("/api/v1/scenarios")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


def test_no_answer_repeats_what_was_sent(client: httpx.Client) -> None:
    secret = "hunter2"
    bodies: list[Any] = [
        {"camera_url": f"ftp://user:{secret}@10.0.0.7/"},
        {"camera_url": f"rtsp://user:{secret}@127.0.0.1/"},
        {"camera_url": [f"rtsp://user:{secret}@10.0.0.7/"]},
        {"camera_url": "rtsp://10.0.0.7/", f"rtsp://user:{secret}@10.0.0.7/": 1},
        {"camera_url": "rtsp://10.0.0.7/", "detector": f"rtsp://user:{secret}@10.0.0.7/"},
        {"camera_url": "rtsp://10.0.0.7/", "target_fps": f"rtsp://user:{secret}@10.0.0.7/"},
        f"rtsp://user:{secret}@10.0.0.7/",
    ]
    for body in bodies:
        answer = client.post(INIT, json=body)
        assert answer.status_code == 422
        assert secret not in answer.text
    broken = client.post(
        INIT, content=f'{{"camera_url": "rtsp://u:{secret}@10.0.0.7/', headers={"content-type": "application/json"}
    )
    assert broken.status_code == 400
    assert secret not in broken.text


def test_a_bug_of_ours_is_a_500_without_details(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: object) -> None:
        raise RuntimeError("rtsp://user:hunter2@10.0.0.7/")

    monkeypatch.setattr(ScenarioRepository, "page", burst)
    with serving(build_app(settings, CollectorRegistry()).app) as client:
        answer = client.get("/api/v1/scenarios")
        problem(answer, 500, "internal-error")
        assert "hunter2" not in answer.text
        assert client.get("/livez").status_code == 200
