"""A real API server for what only one can tell: whether it takes a manifest, and what an admission policy does."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.cluster import Cluster
from tests.packaging.repository import ROOT, load_all_yaml

MONITORING = Path(__file__).parent / "monitoring-crds.yaml"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The API server of VAP_CONTRACT_KUBECONFIG, with our definitions and the Prometheus operator's."""
    path = os.environ.get("VAP_CONTRACT_KUBECONFIG")
    if not path:
        words = "no real kube-apiserver: set VAP_CONTRACT_KUBECONFIG to a kubeconfig"
        if os.environ.get("VAP_CONTRACT_REQUIRED") == "1":
            pytest.fail(f"{words}; VAP_CONTRACT_REQUIRED=1 does not allow to skip")
        pytest.skip(words)
    with Cluster(Path(path)) as cluster:
        for file in [*sorted((ROOT / "crds").glob("*.yaml")), MONITORING]:
            for definition in load_all_yaml(file.read_text()):
                cluster.define(definition)
        yield cluster


@pytest.fixture
def space(cluster: Cluster) -> str:
    """A new namespace that enforces the pod-security standard `restricted`."""
    name = f"packaging-{uuid.uuid4().hex[:8]}"
    cluster.create(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        }
    )
    return name
