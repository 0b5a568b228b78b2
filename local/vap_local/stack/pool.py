"""The custom resource definitions, the runners' Secret and the default RunnerPool of the local platform."""

import asyncio
import base64
import importlib.resources
from pathlib import Path

import yaml

from vap_local.kubeclient.client import JsonObject, KubeClient, resource_path
from vap_local.kubeclient.errors import KubeApiError
from vap_local.stack.environment import NAMESPACE, Environments
from vap_local.stack.options import PoolOptions

CRD_GROUP = "apiextensions.k8s.io/v1"
VAP_GROUP = "vap.dev/v1alpha1"
POOL_NAME = "default"
RUNNER_SECRET = "vap-runner"  # noqa: S105 - the name of a Secret
RUNNER_GRACE_S = 30
ESTABLISH_POLL_S = 0.02


def crd_files() -> list[Path]:
    """The definitions: in the installed package, or at the root of a checkout."""
    packaged = Path(str(importlib.resources.files("vap_common"))) / "crds"
    checkout = Path(__file__).resolve().parents[3] / "crds"
    folder = packaged if packaged.is_dir() else checkout
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise FileNotFoundError(f"no custom resource definitions in {packaged} or {checkout}; reinstall the package")
    return files


def build_runner_secret(environments: Environments) -> JsonObject:
    """The Secret that every runner gets as variables."""
    data = {name: base64.b64encode(value.encode()).decode() for name, value in environments.runner_secrets().items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": RUNNER_SECRET, "namespace": NAMESPACE},
        "type": "Opaque",
        "data": data,
    }


def build_pool(environments: Environments, options: PoolOptions) -> JsonObject:
    """The default RunnerPool."""
    env = [{"name": name, "value": value} for name, value in sorted(environments.runner().items())]
    probe = {"periodSeconds": 2, "timeoutSeconds": 2}
    template: JsonObject = {
        "spec": {
            "terminationGracePeriodSeconds": RUNNER_GRACE_S,
            "containers": [
                {
                    "name": "runner",
                    "image": "vap-runner",
                    "ports": [{"name": "health", "containerPort": 8080}],
                    "env": env,
                    "envFrom": [{"secretRef": {"name": RUNNER_SECRET}}],
                    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "health"}, **probe},
                    "livenessProbe": {
                        "httpGet": {"path": "/livez", "port": "health"},
                        "initialDelaySeconds": 10,
                        "periodSeconds": 10,
                        "timeoutSeconds": 5,
                        "failureThreshold": 6,
                    },
                }
            ],
        }
    }
    return {
        "apiVersion": VAP_GROUP,
        "kind": "RunnerPool",
        "metadata": {"name": POOL_NAME, "namespace": NAMESPACE},
        "spec": options.spec() | {"template": template},
    }


async def apply_definitions(client: KubeClient) -> None:
    """Creates or updates the definitions and waits until the server serves them. Raises KubeApiError."""
    for file in crd_files():
        wanted: JsonObject = yaml.safe_load(file.read_text())
        path = resource_path("customresourcedefinitions", group=CRD_GROUP)
        await _create_or_merge(client, path, wanted)
        while not _is_established(await client.get(f"{path}/{wanted['metadata']['name']}")):  # noqa: ASYNC110 - polls a server
            await asyncio.sleep(ESTABLISH_POLL_S)


async def apply_pool(client: KubeClient, environments: Environments, options: PoolOptions) -> None:
    """Makes the default pool. One from an earlier start keeps its size; its pods go when their template is outdated.

    The template holds addresses, which may change from start to start; pods are never changed in place.
    """
    await _create_or_merge(client, resource_path("secrets", NAMESPACE), build_runner_secret(environments))
    wanted = build_pool(environments, options)
    path = resource_path("runnerpools", NAMESPACE, group=VAP_GROUP)
    try:
        before = await client.get(f"{path}/{POOL_NAME}")
    except KubeApiError as problem:
        if not problem.is_not_found:
            raise
        await client.create(path, wanted)
        return
    await client.replace(f"{path}/{POOL_NAME}", before | {"spec": before["spec"] | wanted["spec"]})
    if before["spec"]["template"] != wanted["spec"]["template"]:
        await _delete_pods_of_pool(client)


async def ready_runners(client: KubeClient) -> int:
    """Runners of the default pool that take work."""
    pool = await client.get(resource_path("runnerpools", NAMESPACE, POOL_NAME, group=VAP_GROUP))
    return int((pool.get("status") or {}).get("readyRunners") or 0)


async def wanted_runners(client: KubeClient) -> int:
    """Runners that the default pool keeps even when nothing is to do: 0 or more."""
    spec = (await client.get(resource_path("runnerpools", NAMESPACE, POOL_NAME, group=VAP_GROUP)))["spec"]
    return min(int(spec["maxRunners"]), max(int(spec["minRunners"]), int(spec["warmSlots"] > 0)))


async def _delete_pods_of_pool(client: KubeClient) -> None:
    pods = await client.get(resource_path("pods", NAMESPACE))
    for pod in pods.get("items") or []:
        owners = pod["metadata"].get("ownerReferences") or []
        if any(owner["kind"] == "RunnerPool" and owner["name"] == POOL_NAME for owner in owners):
            metadata = pod["metadata"]
            await client.delete(resource_path("pods", NAMESPACE, metadata["name"]), uid=metadata["uid"], grace_s=0)


async def _create_or_merge(client: KubeClient, path: str, wanted: JsonObject) -> None:
    try:
        await client.create(path, wanted)
    except KubeApiError as problem:
        if not problem.is_conflict:
            raise
        await client.merge(f"{path}/{wanted['metadata']['name']}", wanted)


def _is_established(definition: JsonObject) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
