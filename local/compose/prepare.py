"""For docker compose: the custom resource definitions and the default RunnerPool, in the small API server.

`--check` only asks whether the server answers. The pool's settings come from the environment and are brought up to date
at every start; pods of an older template go, since pods are never changed in place.
"""

import asyncio
import os
import sys
from pathlib import Path

import aiohttp

from vap_local.kubeclient.client import JsonObject, KubeClient, resource_path
from vap_local.kubeclient.connection import KubeConnection
from vap_local.kubeclient.errors import KubeApiError
from vap_local.stack.pool import apply_definitions

STATE = Path("/state")
KUBECONFIG = STATE / "kubeconfig"
NAMESPACE = "default"
POOL = "default"
PASSED_ON = ("KAFKA_BOOTSTRAP_SERVERS", "VAP_SECRET_KEY", "LOG_LEVEL", "CAMERA_FILE_ROOTS")


def build_pool() -> JsonObject:
    """The default RunnerPool; its runners are processes beside the pod runner, so their probes answer on loopback."""
    values = {name: os.environ[name] for name in PASSED_ON if os.environ.get(name)}
    values |= {"HEALTH_HOST": "127.0.0.1", "LOG_FORMAT": "json"}
    return {
        "apiVersion": "vap.dev/v1alpha1",
        "kind": "RunnerPool",
        "metadata": {"name": POOL, "namespace": NAMESPACE},
        "spec": {
            "maxWorkers": int(os.environ.get("MAX_WORKERS", "4")),
            "maxRunners": int(os.environ.get("MAX_RUNNERS", "3")),
            "template": {
                "spec": {
                    "terminationGracePeriodSeconds": 30,
                    "containers": [
                        {
                            "name": "runner",
                            "image": "vap-runner",
                            "ports": [{"name": "http", "containerPort": 8080}],
                            "env": [{"name": name, "value": value} for name, value in sorted(values.items())],
                            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 2},
                            "livenessProbe": {
                                "httpGet": {"path": "/livez", "port": "http"},
                                "initialDelaySeconds": 10,
                                "periodSeconds": 10,
                                "timeoutSeconds": 5,
                            },
                        }
                    ],
                }
            },
        },
    }


async def apply_pool(client: KubeClient) -> None:
    """Makes the pool, or gives the one of an earlier start today's template; its size stays as people set it."""
    wanted = build_pool()
    path = resource_path("runnerpools", NAMESPACE, group="vap.dev/v1alpha1")
    try:
        await client.create(path, wanted)
        return
    except KubeApiError as problem:
        if not problem.is_conflict:
            raise
    before = await client.get(f"{path}/{POOL}")
    template = wanted["spec"]["template"]
    if before["spec"]["template"] == template:
        return
    await client.replace(f"{path}/{POOL}", before | {"spec": before["spec"] | {"template": template}})
    pods = resource_path("pods", NAMESPACE)
    for pod in (await client.get(pods, labelSelector=f"vap.dev/pool={POOL}")).get("items") or []:
        await client.delete(f"{pods}/{pod['metadata']['name']}", uid=pod["metadata"]["uid"])


async def main() -> None:
    """Exits with 1 where the server does not answer."""
    try:
        async with KubeClient(KubeConnection.load(KUBECONFIG)) as client:
            if "--check" in sys.argv:
                await client.get("/api/v1/namespaces")
                return
            for folder in ("pods", "pod-logs"):
                (STATE / folder).mkdir(exist_ok=True)
            await apply_definitions(client)
            await apply_pool(client)
    except (KubeApiError, aiohttp.ClientError, OSError, TimeoutError) as problem:
        sys.exit(f"the small API server: {problem}")


if __name__ == "__main__":
    asyncio.run(main())
