"""The scripts of the hooks, run as processes against a real API server, with the rights that the chart gives them."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.packaging.cluster import Cluster, Manifest
from tests.packaging.repository import CHART, ROOT, load_yaml

FILES = CHART / "files"
FOREIGN = "example.com/audit"


def run_script(cluster: Cluster, name: str, *arguments: str) -> str:
    """The script's output; the test fails where the script does."""
    done = subprocess.run(
        [sys.executable, str(FILES / name), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "KUBECONFIG": str(cluster.kubeconfig)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scenario(name: str, *finalizers: str) -> Manifest:
    return {
        "apiVersion": "vap.dev/v1alpha1",
        "kind": "VideoScenario",
        "metadata": {"name": name, "finalizers": list(finalizers)},
        "spec": {"source": {"url": "rtsp://camera.test/a"}},
    }


def pod(name: str, **labels: str) -> Manifest:
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "image": "i", "securityContext": restricted}],
        },
    }


def test_leaving_stops_operator_and_runners_and_frees_the_scenarios(cluster: Cluster, space: str) -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "vap-operator"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "operator"}},
            "template": {"metadata": {"labels": {"app": "operator"}}, "spec": pod("x")["spec"]},
        },
    }
    runner, other = pod("runner-1", **{"vap.dev/pool": "default"}), pod("other")
    tested = pod("vap-test", app="test")
    ours, shared, free = (
        scenario("a", "vap.dev/stop-worker"),
        scenario("b", "vap.dev/stop-worker", FOREIGN),
        scenario("c"),
    )
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "vap-operator"}}
    for body in (deployment, runner, other, tested, ours, shared, free, lease):
        cluster.create(body, space)

    output = run_script(cluster, "leave_namespace.py", space, "vap-operator", "app=operator", "app=test", "20")

    assert cluster.get(deployment, space)["spec"]["replicas"] == 0
    assert not cluster.exists(runner, space)
    assert not cluster.exists(tested, space)
    assert not cluster.exists(lease, space)
    assert cluster.exists(other, space)
    assert "2 videoscenarios released" in output
    assert cluster.get(ours, space)["metadata"].get("finalizers", []) == []
    assert cluster.get(shared, space)["metadata"]["finalizers"] == [FOREIGN]
    assert "0 videoscenarios released" in run_script(
        cluster, "leave_namespace.py", space, "no-such-deployment", "app=operator", "app=test", "20"
    )


def test_definitions_are_applied_over_older_ones(cluster: Cluster, tmp_path: Path) -> None:
    for file in (ROOT / "crds").glob("*.yaml"):
        definition = load_yaml(file)
        definition["metadata"]["annotations"] = {"vap.dev/test": "newer"}
        (tmp_path / file.name).write_text(yaml.safe_dump(definition))

    run_script(cluster, "apply_crds.py", str(tmp_path))

    for file in (ROOT / "crds").glob("*.yaml"):
        definition = load_yaml(file)
        annotations = cluster.get(definition)["metadata"]["annotations"]
        assert annotations["vap.dev/test"] == "newer"
        cluster.merge(definition, {"metadata": {"annotations": {"vap.dev/test": None}}}, namespace="")
