"""What skaffold.yaml names is there: Dockerfiles and their targets, values of the chart, ports, source folders."""

import re
from typing import Any

from tests.packaging.repository import CHART, ROOT, load_yaml

CONFIG: dict[str, Any] = load_yaml(ROOT / "skaffold.yaml")
ARTIFACTS = CONFIG["build"]["artifacts"]
RELEASE = CONFIG["deploy"]["helm"]["releases"][0]
PROFILES = {profile["name"]: profile for profile in CONFIG["profiles"]}


def targets(dockerfile: str) -> set[str]:
    return set(re.findall(r"^FROM .* AS (\S+)$", (ROOT / dockerfile).read_text(), re.MULTILINE))


def value_at(path: str) -> object:
    node: Any = load_yaml(CHART / "values.yaml")
    for name in path.split("."):
        node = node[name]
    return node


def patched(profile: str) -> dict[str, Any]:
    """The configuration under a profile: JSON patch's add, replace and remove, as skaffold applies them."""
    config: dict[str, Any] = load_yaml(ROOT / "skaffold.yaml")
    for patch in PROFILES[profile]["patches"]:
        *parents, last = [int(part) if part.isdigit() else part for part in patch["path"].strip("/").split("/")]
        node: Any = config
        for part in parents:
            node = node[part]
        if patch["op"] == "remove":
            del node[last]
            continue
        if patch["op"] == "replace":
            assert isinstance(last, int) or last in node, f"{patch['path']} is not there to be replaced"
        node[last] = patch["value"]
    return config


def test_every_image_has_its_dockerfile_target_and_base_image_from_the_environment() -> None:
    for profile in (None, *PROFILES):
        for artifact in (patched(profile) if profile else CONFIG)["build"]["artifacts"]:
            docker = artifact["docker"]
            assert artifact["image"] == f"vap-{docker['dockerfile'].partition('/')[0]}"
            assert docker.get("target", "production") in targets(docker["dockerfile"])
            default = re.search(r"^ARG BASE_IMAGE=(\S+)$", (ROOT / docker["dockerfile"]).read_text(), re.MULTILINE)
            assert default
            assert docker["buildArgs"] == {"BASE_IMAGE": f'{{{{default "{default[1]}" .BASE_IMAGE}}}}'}


def test_values_that_are_set_exist_and_images_come_from_the_build() -> None:
    for profile in (None, *PROFILES):
        config = patched(profile) if profile else CONFIG
        release = config["deploy"]["helm"]["releases"][0]
        built = {artifact["image"].replace("-", "_") for artifact in config["build"]["artifacts"]}
        used = set()
        for path, template in {**release["setValueTemplates"], **release.get("setValues", {})}.items():
            value_at(path)
            used |= set(re.findall(r"IMAGE_(?:REPO|TAG)_(\w+)", str(template)))
        assert used == built, profile


def test_chart_and_values_files_exist() -> None:
    for profile in (None, *PROFILES):
        release = (patched(profile) if profile else CONFIG)["deploy"]["helm"]["releases"][0]
        assert (ROOT / release["chartPath"] / "Chart.yaml").is_file()
        for file in release["valuesFiles"]:
            assert (ROOT / file).is_file(), file


def test_defaults_of_development_images_are_the_charts() -> None:
    for path, template in RELEASE["setValueTemplates"].items():
        if match := re.fullmatch(r'\{\{default "(.*)" \.\w+\}\}', str(template)):
            assert match[1] == str(value_at(path)), path


def test_the_forwarded_port_is_the_apis() -> None:
    (forward,) = CONFIG["portForward"]
    assert forward["resourceName"] == f"{RELEASE['name']}-api"
    assert forward["namespace"] == RELEASE["namespace"]
    assert forward["port"] == value_at("api.service.port")


def test_synced_sources_go_where_the_development_image_has_them() -> None:
    config = patched("sync")
    for artifact in config["build"]["artifacts"]:
        if "sync" not in artifact:
            continue
        service = artifact["image"].removeprefix("vap-")
        assert artifact["docker"]["target"] == "development"
        sources = {entry["src"] for entry in artifact["sync"]["manual"]}
        assert sources == {f"{service}/vap_{service}/**/*.py", "common/vap_common/**/*.py"}
        for entry in artifact["sync"]["manual"]:
            assert entry["dest"] == "/opt/vap"
            assert entry["src"].startswith(entry["strip"])
            assert list(ROOT.glob(entry["src"])), entry["src"]
    assert config["deploy"]["helm"]["releases"][0]["setValues"] == {"dev.fileSync": True}
