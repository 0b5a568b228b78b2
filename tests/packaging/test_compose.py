"""docker-compose.yml: what it mounts, builds and sets exists; .env.example lists every variable with its default."""

import re
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from tests.packaging.repository import ROOT, load_yaml
from vap_api.settings import Settings as ApiSettings
from vap_local.pods.settings import PodRunnerSettings
from vap_operator.settings import Settings as OperatorSettings

TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES: dict[str, dict[str, Any]] = load_yaml(ROOT / "docker-compose.yml")["services"]
SETTINGS: dict[str, type[BaseSettings]] = {
    **dict.fromkeys(("migrate", "api", "relay", "inbox"), ApiSettings),
    "operator": OperatorSettings,
    "pods": PodRunnerSettings,
}
OURS = [name for name, service in SERVICES.items() if "build" in service]


def test_env_example_lists_every_variable_with_its_default() -> None:
    used = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", TEXT))
    listed = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert listed == used


def test_no_variable_lacks_a_default() -> None:
    assert re.findall(r"\$\{[A-Z_]+\}|\$[A-Z]", TEXT) == []


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_built_here_and_hardened(name: str) -> None:
    service = SERVICES[name]
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert "BASE_IMAGE" in service["build"]["args"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", list(SERVICES))
def test_what_stays_has_a_health_check_and_what_is_waited_for_has_its_condition(name: str) -> None:
    service = SERVICES[name]
    once = name in ("migrate", "pool")
    assert ("healthcheck" in service) is not once
    assert service["restart"] == ("on-failure" if once else "unless-stopped")
    for other, wanted in service.get("depends_on", {}).items():
        condition = "service_completed_successfully" if other in ("migrate", "pool") else "service_healthy"
        assert wanted["condition"] == condition


@pytest.mark.parametrize("name", list(SETTINGS))
def test_every_variable_is_a_setting_of_its_service(name: str) -> None:
    known = {field.upper() for field in SETTINGS[name].model_fields} | {"REDIS_URL"}
    assert set(SERVICES[name]["environment"]) <= known


def test_mounted_files_exist_and_ports_stay_on_this_machine() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).exists(), (name, volume)
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_official_images_are_those_of_the_chart() -> None:
    dev = load_yaml(ROOT / "helm" / "vap" / "values.yaml")["dev"]
    for name in ("postgresql", "kafka", "redis"):
        assert SERVICES[name]["image"].endswith(f":-{dev[name]['image']}}}")
