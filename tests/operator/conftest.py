"""A real API server for the operator's tests: the one in VAP_TEST_KUBECONFIG, or the project's own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.operator.support.kube_client import KubeClient
from tests.operator.support.platform import Platform, running_platform
from tests.support.waiting import wait_for
from vap_common.kafka.admin import ensure_topics
from vap_common.settings import KafkaSettings
from vap_local.embedded.broker import EmbeddedBroker

CRDS = Path(__file__).parents[2] / "crds"


@pytest.fixture(scope="session")
def kubeconfig(scratch: Path) -> Iterator[Path]:
    """How to reach an API server that has our CRDs."""
    given = os.environ.get("VAP_TEST_KUBECONFIG")
    if given:
        path = Path(given)
        _install_crds(path)
        yield path
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = scratch / "kubeconfig"
    log = scratch / "kube.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "vap_local.kube", "--state-dir", str(scratch / "kube")),
                *("--port", str(port), "--kubeconfig", str(path)),
            ],
            stdout=output,
            stderr=output,
        )
    try:
        wait_for(lambda: path.exists() and _answers(port, server, log), "the API server")
        _install_crds(path)
        yield path
    finally:
        server.terminate()
        server.wait(timeout=10)


def _answers(port: int, server: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert server.poll() is None, log.read_text()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _install_crds(kubeconfig: Path) -> None:
    client = KubeClient(kubeconfig, "default")
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for file in sorted(CRDS.glob("*.yaml")):
        body = yaml.safe_load(file.read_text())
        name = body["metadata"]["name"]
        answer = client.http.post(path, json=body)
        if answer.status_code == 409:
            # A server that outlives the run may hold an older version.
            headers = {"Content-Type": "application/merge-patch+json"}
            client.http.patch(f"{path}/{name}", json=body, headers=headers).raise_for_status()
    deadline = time.monotonic() + 20
    for plural in ("videoscenarios", "runnerpools"):
        while client.http.get(f"/apis/vap.dev/v1alpha1/{plural}").status_code != 200:
            assert time.monotonic() < deadline, "the CRDs are not served"
            time.sleep(0.05)
    client.close()


@pytest.fixture
def kafka(embedded_broker: EmbeddedBroker) -> KafkaSettings:
    """A broker of the test's own; it may be emptied, so its producers must not insist on their sequence."""
    settings = KafkaSettings(kafka_bootstrap_servers=embedded_broker.bootstrap_servers, kafka_idempotent_producer=False)
    ensure_topics(settings, "test")
    return settings


@pytest.fixture
def platform(kubeconfig: Path, kafka: KafkaSettings, tmp_path: Path) -> Iterator[Platform]:
    """An operator with its surroundings, short intervals, no pool yet."""
    with running_platform(
        kubeconfig,
        kafka,
        tmp_path,
        RUNNER_LOST_AFTER_SECONDS="3",
        STATUS_INTERVAL_SECONDS="4",
        DELETION_GRACE_SECONDS="4",
        ABSENCE_CONFIRMS_STOP_SECONDS="2",
        ASSIGNMENT_TIMEOUT_SECONDS="8",
        TELEMETRY_INTERVAL_SECONDS="2",
    ) as running:
        yield running
