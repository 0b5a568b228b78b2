"""The chart's custom resource definitions are the repository's: installed, before an upgrade, in a package."""

import tarfile
from pathlib import Path

import yaml

from tests.packaging.chart import DEFAULT, pick, render, run_helm
from tests.packaging.repository import CHART, ROOT

FILES = {path.name: path.read_text() for path in sorted((ROOT / "crds").glob("*.yaml"))}


def test_helm_installs_them() -> None:
    rendered = [item for item in render(*DEFAULT, "--include-crds") if item["kind"] == "CustomResourceDefinition"]
    assert sorted(rendered, key=str) == sorted((yaml.safe_load(text) for text in FILES.values()), key=str)


def test_the_job_before_an_upgrade_brings_them_and_may_touch_no_others() -> None:
    manifests = render(*DEFAULT, upgrade=True)
    data = pick(manifests, "ConfigMap", "vap-crds")["data"]
    assert {name for name in data if name.endswith(".yaml")} == set(FILES)
    for name, text in FILES.items():
        assert yaml.safe_load(data[name]) == yaml.safe_load(text)
    names = [yaml.safe_load(text)["metadata"]["name"] for text in FILES.values()]
    changing = [rule for rule in pick(manifests, "ClusterRole", "vap-vap-crds")["rules"] if "patch" in rule["verbs"]]
    assert [sorted(rule["resourceNames"]) for rule in changing] == [sorted(names)]


def test_a_packaged_chart_holds_the_files_and_no_links(tmp_path: Path) -> None:
    done = run_helm("package", str(CHART), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as package:
        members = {member.name: member for member in package.getmembers()}
        assert not any(member.issym() or member.islnk() for member in members.values())
        for name, text in FILES.items():
            file = package.extractfile(members[f"vap/crds/{name}"])
            assert file is not None
            assert file.read().decode() == text
    assert "vap/templates/tests/scenario.yaml" in members
