"""The node that pods run on: this machine."""

import os
import platform

from vap_local.kubeclient.client import JsonObject, KubeClient, resource_path
from vap_local.kubeclient.errors import KubeApiError
from vap_local.pods.report import kube_time

NODE_NAME = "local"


def build_node() -> JsonObject:
    """The Node object, for `kubectl get nodes` and for bindings."""
    now = kube_time()
    machine = platform.uname()
    size = {"cpu": str(os.cpu_count() or 1), "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE_NAME, "labels": {"kubernetes.io/hostname": NODE_NAME}},
        "status": {
            "capacity": size,
            "allocatable": size,
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NODE_NAME}],
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "PodRunnerReady",
                    "message": "pods run as processes of this machine",
                    "lastHeartbeatTime": now,
                    "lastTransitionTime": now,
                }
            ],
            "nodeInfo": {
                "architecture": machine.machine,
                "kernelVersion": machine.release,
                "operatingSystem": machine.system.lower(),
                "osImage": machine.system,
                "containerRuntimeVersion": "process://1",
                "kubeletVersion": "vap",
                "kubeProxyVersion": "",
                "bootID": "",
                "machineID": "",
                "systemUUID": "",
            },
        },
    }


async def register_node(client: KubeClient) -> None:
    """Makes the Node, or refreshes its status. Raises KubeApiError."""
    node = build_node()
    try:
        await client.create(resource_path("nodes"), node)
    except KubeApiError as problem:
        if not problem.is_conflict:
            raise
    await client.merge(f"{resource_path('nodes', name=NODE_NAME)}/status", {"status": node["status"]})
