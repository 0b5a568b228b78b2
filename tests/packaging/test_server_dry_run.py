"""Every rendered manifest goes through a real API server: its types, its validation, its pod-security admission."""

import pytest

from tests.packaging.chart import VALUES, Manifest, pod_templates, render
from tests.packaging.cluster import Cluster, RefusedError

CLUSTER_SCOPED = {
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


def dry_run(cluster: Cluster, manifests: list[Manifest], space: str) -> list[str]:
    """What is refused, and why."""
    refused = []
    for item in manifests:
        namespace = None if item["kind"] in CLUSTER_SCOPED else space
        try:
            cluster.create(item, namespace, dry_run=True)
        except RefusedError as error:
            refused.append(f"{item['kind']}/{item['metadata']['name']}: {error}")
    return refused


@pytest.mark.parametrize("upgrade", [False, True], ids=["install", "upgrade"])
@pytest.mark.parametrize("values", list(VALUES))
def test_a_real_api_server_accepts_every_manifest(cluster: Cluster, space: str, values: str, upgrade: bool) -> None:
    manifests = render(*VALUES[values], upgrade=upgrade)
    assert len(manifests) > 20
    assert dry_run(cluster, manifests, space) == []


@pytest.mark.parametrize("values", list(VALUES))
def test_pods_pass_the_restricted_admission(cluster: Cluster, space: str, values: str) -> None:
    """Templates are only warned about; so each is made a pod, which is refused."""
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pod", "labels": template["metadata"]["labels"]},
            "spec": without_claims(template["spec"]),
        }
        for template in pod_templates(render(*VALUES[values])).values()
    ]
    assert dry_run(cluster, pods, space) == []


def without_claims(spec: Manifest) -> Manifest:
    """A stateful set's pod with an empty folder in place of its claim, and no service account."""
    volumes = spec.get("volumes", [])
    names = {volume["name"] for volume in volumes}
    missing = {mount["name"] for container in spec["containers"] for mount in container["volumeMounts"]} - names
    volumes = volumes + [{"name": name, "emptyDir": {}} for name in sorted(missing)]
    return {key: value for key, value in spec.items() if key != "serviceAccountName"} | {"volumes": volumes}


def test_the_dry_run_finds_a_misspelt_field_and_a_pod_that_may_be_root(cluster: Cluster, space: str) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": {"containers": [{"name": "c", "image": "i", "resuorces": {}}]},
    }
    assert 'unknown field "spec.containers[0].resuorces"' in dry_run(cluster, [pod], space)[0]
    pod["spec"] = {"containers": [{"name": "c", "image": "i"}]}
    assert 'violates PodSecurity "restricted' in dry_run(cluster, [pod], space)[0]
