"""What the supervisor gives to the services and to the API server."""

import base64
from collections.abc import Mapping
from pathlib import Path

from vap_local.stack.addresses import USUAL_PORTS, Addresses
from vap_local.stack.environment import Endpoints, Environments
from vap_local.stack.options import PoolOptions
from vap_local.stack.pool import build_pool, build_runner_secret, crd_files
from vap_local.state.folder import StateFolder
from vap_runner.settings import Settings


def environments(tmp_path: Path, inherited: Mapping[str, str], *, embedded: bool = True) -> Environments:
    folder = StateFolder(tmp_path)
    folder.make()
    endpoints = Endpoints("postgresql://u:p@h/d", "127.0.0.1:9092" if embedded else "kafka:9093", embedded)
    return Environments(folder, Addresses(USUAL_PORTS, USUAL_PORTS), endpoints, Path("/videos"), inherited)


def template_environment(pool: dict[str, object]) -> dict[str, str]:
    container = pool["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def test_runners_get_what_their_settings_need_and_no_secret_in_the_open(tmp_path: Path) -> None:
    inherited = {"KAFKA_SASL_PASSWORD": "hidden", "KAFKA_SASL_USERNAME": "me", "HOME": "/root"}
    found = environments(tmp_path, inherited, embedded=False)
    pool = build_pool(found, PoolOptions(max_workers=2))
    variables = template_environment(pool)
    assert pool["spec"]["maxWorkers"] == 2
    assert "minRunners" not in pool["spec"]
    assert variables["KAFKA_BOOTSTRAP_SERVERS"] == "kafka:9093"
    assert variables["KAFKA_SASL_USERNAME"] == "me"
    assert "HOME" not in variables
    assert "hidden" not in str(pool)
    assert found.folder.secret_key() not in str(pool)
    secret = {name: base64.b64decode(value).decode() for name, value in build_runner_secret(found)["data"].items()}
    assert secret == {"KAFKA_SASL_PASSWORD": "hidden", "VAP_SECRET_KEY": found.folder.secret_key()}
    known = {name.upper() for name in Settings.model_fields}
    assert set(variables) | set(secret) <= known


def test_the_embedded_broker_is_used_as_it_must_be(tmp_path: Path) -> None:
    variables = environments(tmp_path, {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}).service()
    assert variables["KAFKA_SECURITY_PROTOCOL"] == "PLAINTEXT"
    assert variables["KAFKA_IDEMPOTENT_PRODUCER"] == "false"


def test_cameras_may_be_here_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    usual = environments(tmp_path, {}).service()
    assert usual["CAMERA_ALLOW_LOOPBACK"] == "true"
    assert usual["CAMERA_FILE_ROOTS"].startswith("/videos:")
    assert environments(tmp_path, {"CAMERA_ALLOW_LOOPBACK": "false"}).service()["CAMERA_ALLOW_LOOPBACK"] == "false"


def test_the_definitions_are_found() -> None:
    assert [file.name for file in crd_files()] == ["vap.dev_runnerpools.yaml", "vap.dev_videoscenarios.yaml"]
