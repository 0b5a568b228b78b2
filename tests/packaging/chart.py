"""Rendering the chart with helm."""

import os
import shutil
import subprocess
from typing import Any

import pytest

from tests.packaging.repository import CHART, load_all_yaml

NAMESPACE = "vap"
RELEASE = "vap"
KUBERNETES = "1.34"

DEFAULT = ("--set", "dev.enabled=true")
DEVELOPMENT = ("--values", str(CHART / "values-development.yaml"))
PRODUCTION = ("--values", str(CHART / "values-production.yaml"))
EVERYTHING = (
    *DEVELOPMENT,
    *("--set", "networkPolicies.enabled=true,dev.redis.enabled=true,redis.url=redis://vap-redis:6379"),
    *("--set", "monitoring.serviceMonitor.enabled=true,monitoring.podMonitor.enabled=true"),
    *("--set", "api.autoscaling.enabled=true,api.ingress.enabled=true,api.ingress.hosts[0].host=vap.test"),
    *("--set", "api.ingress.hosts[0].paths[0].path=/,api.ingress.hosts[0].paths[0].pathType=Prefix"),
    *("--set", "inbox.podDisruptionBudget.enabled=true"),
)
VALUES = {"default": DEFAULT, "development": DEVELOPMENT, "production": PRODUCTION, "everything": EVERYTHING}

Manifest = dict[str, Any]


def helm() -> str:
    """The helm program; without it the test is skipped, except where VAP_CONTRACT_REQUIRED is set."""
    program = shutil.which("helm")
    if program is None:
        message = "helm is not on the PATH"
        if os.environ.get("VAP_CONTRACT_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
    return program


def run_helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs helm and returns what came of it."""
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, check=False, timeout=60)


def render(*arguments: str, upgrade: bool = False) -> list[Manifest]:
    """The manifests, hooks and tests included, in the order in which helm would make them."""
    done = run_helm(
        *("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--kube-version", KUBERNETES),
        *(("--is-upgrade",) if upgrade else ()),
        *arguments,
    )
    assert done.returncode == 0, done.stderr
    return load_all_yaml(done.stdout)


def refusal(*arguments: str) -> str:
    """What helm says when it refuses the values."""
    done = run_helm("template", RELEASE, str(CHART), "--kube-version", KUBERNETES, *arguments)
    assert done.returncode != 0, "helm took the values"
    return done.stderr


def pick(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one manifest of that kind and name."""
    found = [item for item in manifests if item["kind"] == kind and item["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def pod_templates(manifests: list[Manifest]) -> dict[str, Manifest]:
    """`Kind/name` of everything that makes pods, and the pod's metadata and spec."""
    found = {}
    for item in manifests:
        name = f"{item['kind']}/{item['metadata']['name']}"
        if item["kind"] in ("Deployment", "StatefulSet", "Job", "RunnerPool"):
            found[name] = item["spec"]["template"]
        elif item["kind"] == "Pod":
            found[name] = item
    return found


def environment(container: Manifest) -> dict[str, Any]:
    """The container's variables: name to value or source."""
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}
