"""Pods as processes, against the small API server and, where one is given, a real kube-apiserver."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.server_process import ServerProcess
from vap_local.kubeclient.client import JsonObject, KubeClient, resource_path
from vap_local.kubeclient.connection import KubeConnection
from vap_local.kubeclient.errors import KubeApiError
from vap_local.pods.host import Host
from vap_local.pods.pod_runner import PodRunner
from vap_local.supervision.identity import ProcessIdentity
from vap_local.supervision.ledger import ProcessLedger

WEB = (
    "import http.server, os\n"
    "print('hello', os.environ.get('GREETED'), flush=True)\n"
    "http.server.test(http.server.SimpleHTTPRequestHandler, http.server.HTTPServer, "
    "port=int(os.environ['HEALTH_PORT']), bind='127.0.0.1')\n"
)
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture(scope="module")
def own_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with ServerProcess(tmp_path_factory.mktemp("kube"), "--bookmark-seconds", "1") as process:
        yield process.kubeconfig


@pytest.fixture(params=["own", "real"])
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    if request.param == "own":
        own: Path = request.getfixturevalue("own_kubeconfig")
        return own
    given = os.environ.get("VAP_CONTRACT_KUBECONFIG")
    if not given:
        pytest.skip("no real kube-apiserver: set VAP_CONTRACT_KUBECONFIG to a kubeconfig")
    return Path(given)


@dataclass
class Cluster:
    """A namespace with a pod runner that can be stopped and started."""

    client: KubeClient
    namespace: str
    folder: Path
    task: "asyncio.Task[None] | None" = None

    def start_runner(self) -> None:
        ledger = ProcessLedger(self.folder / "pods.json")
        host = Host("test", self.folder / "logs", self.folder, ledger)
        self.task = asyncio.create_task(PodRunner(self.client, host, self.namespace).run())

    async def stop_runner(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def create(self, program: str, *, name: str = "p", **spec: object) -> None:
        container: JsonObject = {
            "name": "main",
            "image": "none",
            "command": [sys.executable, "-c", program],
            "ports": [{"name": "health", "containerPort": 8080}],
            **spec.pop("container", {}),  # type: ignore[dict-item]
        }
        body: JsonObject = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 5, **spec},
        }
        await self.client.create(resource_path("pods", self.namespace), body)

    async def pod(self, name: str = "p") -> JsonObject | None:
        try:
            return await self.client.get(resource_path("pods", self.namespace, name))
        except KubeApiError as problem:
            if not problem.is_not_found:
                raise
            return None

    async def until(self, condition: Callable[[JsonObject | None], bool], name: str = "p") -> JsonObject:
        pod: JsonObject | None = None
        try:
            async with asyncio.timeout(20):
                while not condition(pod := await self.pod(name)):  # noqa: ASYNC110 - polls a server
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"waited in vain; the pod is {pod}") from None
        return pod or {}

    def process(self, name: str = "p") -> ProcessIdentity:
        return ProcessLedger.read(self.folder / "pods.json")[f"pod/{name}/main"]


@pytest.fixture
async def cluster(kubeconfig: Path, tmp_path: Path) -> AsyncIterator[Cluster]:
    async with KubeClient(KubeConnection.load(kubeconfig)) as client:
        namespace = f"pods-{uuid.uuid4().hex[:8]}"
        await client.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        account = resource_path("serviceaccounts", namespace)
        try:
            await client.create(account, {"metadata": {"name": "default"}})
        except KubeApiError as problem:
            if not problem.is_conflict:
                raise
        found = Cluster(client, namespace, tmp_path)
        found.start_runner()
        yield found
        await found.stop_runner()
        # Requests cut off by the stop leave TLS connections that say goodbye; aiohttp does not wait for them.
        await asyncio.sleep(0.1)


def is_ready(pod: JsonObject | None) -> bool:
    conditions = ((pod or {}).get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def container(pod: JsonObject | None) -> JsonObject:
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or [{}]
    first: JsonObject = statuses[0]
    return first


def is_gone(pod: JsonObject | None) -> bool:
    return pod is None


READINESS = {"readinessProbe": {"httpGet": {"path": "/", "port": "health"}, "periodSeconds": 1}}


async def test_a_pod_gets_ready_writes_its_log_and_ends_when_deleted(cluster: Cluster) -> None:
    greeting = {"env": [{"name": "GREETED", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}
    await cluster.create(WEB, container=READINESS | greeting)
    pod = await cluster.until(is_ready)
    assert pod["spec"]["nodeName"] == "local"
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["podIP"] == "127.0.0.1"
    assert "hello p" in (cluster.folder / "logs" / "p.log").read_text()
    process = cluster.process()
    await cluster.client.delete(resource_path("pods", cluster.namespace, "p"))
    await cluster.until(is_gone)
    assert not process.is_running()
    assert ProcessLedger.read(cluster.folder / "pods.json") == {}


async def test_a_killed_container_is_restarted_and_its_end_is_reported(cluster: Cluster) -> None:
    await cluster.create(WEB, container=READINESS)
    await cluster.until(is_ready)
    first = cluster.process()
    os.kill(first.pid, signal.SIGKILL)
    pod = await cluster.until(lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 137
    assert cluster.process() != first


async def test_a_container_that_keeps_crashing_waits_longer_each_time(cluster: Cluster) -> None:
    await cluster.create("raise SystemExit('the reason')")
    pod = await cluster.until(
        lambda pod: (container(pod).get("state") or {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"
    )
    assert "the reason" in container(pod)["state"]["waiting"]["message"]
    assert pod["status"]["phase"] == "Running"


async def test_a_pod_that_never_restarts_is_over_when_its_process_ends(cluster: Cluster) -> None:
    await cluster.create("raise SystemExit(3)", restartPolicy="Never")
    pod = await cluster.until(lambda pod: ((pod or {}).get("status") or {}).get("phase") == "Failed")
    assert container(pod)["state"]["terminated"]["exitCode"] == 3
    await cluster.client.delete(resource_path("pods", cluster.namespace, "p"))
    await cluster.until(is_gone)


async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period(cluster: Cluster) -> None:
    await cluster.create(DEAF, terminationGracePeriodSeconds=1)
    await cluster.until(lambda _pod: "deaf" in _text(cluster.folder / "logs" / "p.log"))
    process = cluster.process()
    await cluster.client.delete(resource_path("pods", cluster.namespace, "p"))
    await cluster.until(is_gone)
    assert not process.is_running()


async def test_a_pod_deleted_by_force_loses_its_process_at_once(cluster: Cluster) -> None:
    await cluster.create(DEAF)
    await cluster.until(lambda _pod: "deaf" in _text(cluster.folder / "logs" / "p.log"))
    process = cluster.process()
    await cluster.client.delete(resource_path("pods", cluster.namespace, "p"), grace_s=0)
    async with asyncio.timeout(5):
        while process.is_running():  # noqa: ASYNC110 - another process's end has no event
            await asyncio.sleep(0.01)


async def test_a_failing_liveness_probe_restarts_the_container(cluster: Cluster) -> None:
    probe = {"httpGet": {"path": "/no-such-file", "port": "health"}, "periodSeconds": 1, "failureThreshold": 1}
    await cluster.create(WEB, container={"livenessProbe": probe})
    await cluster.until(lambda pod: int(container(pod).get("restartCount") or 0) >= 1)


async def test_a_missing_secret_is_named_and_its_arrival_noticed(cluster: Cluster) -> None:
    variable = {"name": "GREETED", "valueFrom": {"secretKeyRef": {"name": "later", "key": "k"}}}
    await cluster.create(WEB, container={"env": [variable]})
    pod = await cluster.until(lambda pod: "waiting" in (container(pod).get("state") or {}))
    assert container(pod)["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    assert "'later'" in container(pod)["state"]["waiting"]["message"]
    secret = {"metadata": {"name": "later"}, "stringData": {"k": "you"}}
    await cluster.client.create(resource_path("secrets", cluster.namespace), secret)
    await cluster.until(is_ready)
    await cluster.until(lambda _pod: "hello you" in _text(cluster.folder / "logs" / "p.log"))


async def test_an_image_without_a_program_says_so(cluster: Cluster) -> None:
    await cluster.create("", container={"command": None, "image": "nginx"})
    pod = await cluster.until(lambda pod: "waiting" in (container(pod).get("state") or {}))
    assert container(pod)["state"]["waiting"]["reason"] == "ErrImagePull"
    assert "vap-runner" in container(pod)["state"]["waiting"]["message"]


async def test_a_pod_runner_that_starts_again_starts_its_containers_again(cluster: Cluster) -> None:
    await cluster.create(WEB, container=READINESS)
    await cluster.until(is_ready)
    first = cluster.process()
    await cluster.stop_runner()
    assert not first.is_running()
    cluster.start_runner()
    pod = await cluster.until(lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
    assert container(pod)["lastState"]["terminated"]["exitCode"] != 0
    assert cluster.process() != first


async def test_an_evicted_pod_goes(cluster: Cluster) -> None:
    await cluster.create(WEB, container=READINESS)
    await cluster.until(is_ready)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    await cluster.client.create(resource_path("pods", cluster.namespace, "p") + "/eviction", eviction)
    await cluster.until(is_gone)


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""
