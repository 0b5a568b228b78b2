"""A real API server for the operator's tests: the one in VAP_TEST_KUBECONFIG, or the project's own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


SHORT_INTERVALS = {
    "RUNNER_LOST_AFTER_SECONDS": "3",
    "STATUS_INTERVAL_SECONDS": "4",
    "DELETION_GRACE_SECONDS": "4",
    "ABSENCE_CONFIRMS_STOP_SECONDS": "2",
    "ASSIGNMENT_TIMEOUT_SECONDS": "8",
    "TELEMETRY_INTERVAL_SECONDS": "2",
    # A killed operator's successor would wait for the Lease; test_leadership.py is about that.
    "LEADER_ELECTION": "false",
}


@contextmanager
def make_platform(kubeconfig: Path, folder: Path, **environment: str) -> Iterator[Platform]:
    """With a broker of its own; it may be emptied, so its producers must not insist on their sequence."""
    broker = EmbeddedBroker(folder / "broker.log")
    broker.start()
    settings = KafkaSettings(kafka_bootstrap_servers=broker.bootstrap_servers, kafka_idempotent_producer=False)
    ensure_topics(settings, "test")
    try:
        with running_platform(kubeconfig, settings, broker, folder, **(SHORT_INTERVALS | environment)) as running:
            yield running
    finally:
        broker.kill()


@pytest.fixture(scope="module")
def shared(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One operator for the tests of a module that do it no harm, with a pool of plenty."""
    with make_platform(kubeconfig, tmp_path_factory.mktemp("shared")) as running:
        running.make_pool(minRunners=2, maxRunners=6, warmSlots=2)
        running.wait_ready(free=8)
        yield running


@pytest.fixture
def platform(kubeconfig: Path, tmp_path: Path) -> Iterator[Platform]:
    """An operator of the test's own, no pool yet."""
    with make_platform(kubeconfig, tmp_path) as running:
        yield running
