"""Before `helm uninstall`: stops the operator, then the runners, then takes our finalizers off, and
deletes the Lease that elected the operator.

In that order: a running operator would make new runners and put its finalizer on again. The custom resources stay, and
can be deleted without an operator from now on; an operator that is installed again goes on with them.
"""

import sys
import time
from collections.abc import Callable

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

RUNNER_LABEL = "vap.dev/pool"
FINALIZER_PREFIX = "vap.dev/"
KINDS = ("videoscenarios", "runnerpools")
LEASE = "vap-operator"
GONE, CONFLICT = 404, 409


def main() -> None:
    """Arguments: namespace, the operator's Deployment, label selectors of its pods and of `helm test`'s, seconds."""
    namespace, deployment, operator_pods, test_pods, seconds = sys.argv[1:]
    config.load_config()
    deadline = time.monotonic() + float(seconds)
    core = client.CoreV1Api()

    stop_operator(namespace, deployment)
    wait_until_gone(core, namespace, operator_pods, deadline)
    print("the operator has stopped", flush=True)

    # Helm keeps the pods of its tests, so that their logs can be read.
    for selector in (RUNNER_LABEL, test_pods):
        for pod in core.list_namespaced_pod(namespace, label_selector=selector).items:
            unless(GONE, lambda name=pod.metadata.name: core.delete_namespaced_pod(name, namespace))
    wait_until_gone(core, namespace, RUNNER_LABEL, deadline)
    print("the runners have stopped", flush=True)

    unless(GONE, lambda: client.CoordinationV1Api().delete_namespaced_lease(LEASE, namespace))
    objects = client.CustomObjectsApi()
    for plural in KINDS:
        print(f"{release_all(objects, namespace, plural)} {plural} released", flush=True)


def stop_operator(namespace: str, deployment: str) -> None:
    """Scales the Deployment to nothing; one that is gone already is as good."""
    unless(
        GONE,
        lambda: client.AppsV1Api().patch_namespaced_deployment_scale(deployment, namespace, {"spec": {"replicas": 0}}),
    )


def wait_until_gone(core: client.CoreV1Api, namespace: str, selector: str, deadline: float) -> None:
    """Until no pod matches. Past the deadline it goes on: an unreachable node must not keep the release."""
    while pods := core.list_namespaced_pod(namespace, label_selector=selector).items:
        if time.monotonic() > deadline:
            print("still there, left behind:", *(pod.metadata.name for pod in pods), flush=True)
            return
        time.sleep(0.5)


def release_all(objects: client.CustomObjectsApi, namespace: str, plural: str) -> int:
    """Takes our finalizers off every object of the kind; other people's stay. Returns how many objects had one."""
    count = 0
    for item in objects.list_namespaced_custom_object("vap.dev", "v1alpha1", namespace, plural)["items"]:
        name = item["metadata"]["name"]
        while True:
            before = item["metadata"].get("finalizers") or []
            after = [finalizer for finalizer in before if not finalizer.startswith(FINALIZER_PREFIX)]
            if before == after:
                break
            version = item["metadata"]["resourceVersion"]
            patch = {"metadata": {"finalizers": after, "resourceVersion": version}}
            try:
                objects.patch_namespaced_custom_object("vap.dev", "v1alpha1", namespace, plural, name, patch)
                count += 1
                break
            except ApiException as error:
                if error.status == GONE:
                    break
                if error.status != CONFLICT:
                    raise
                item = objects.get_namespaced_custom_object("vap.dev", "v1alpha1", namespace, plural, name)
    return count


def unless(status: int, call: Callable[[], object]) -> None:
    """Calls, and takes an answer with `status` for success."""
    try:
        call()
    except ApiException as error:
        if error.status != status:
            raise


if __name__ == "__main__":
    main()
