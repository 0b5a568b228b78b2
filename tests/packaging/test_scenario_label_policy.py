"""Only the operator sets vap.dev/scenario-uuid: tried on a real API server with the policy as it is rendered."""

import uuid

import pytest

from tests.packaging.chart import DEFAULT, Manifest, helm, run_helm
from tests.packaging.cluster import Cluster, RefusedError
from tests.packaging.repository import CHART, load_all_yaml
from tests.support.waiting import wait_for

LABEL = "vap.dev/scenario-uuid"


def scenario(name: str, **labels: str) -> Manifest:
    return {
        "apiVersion": "vap.dev/v1alpha1",
        "kind": "VideoScenario",
        "metadata": {"name": name, "labels": labels},
        "spec": {"source": {"url": "rtsp://camera.test/a"}},
    }


def labelled(name: str) -> Manifest:
    body = scenario(name)
    body["metadata"]["labels"] = {LABEL: str(uuid.uuid4())}
    return body


@pytest.fixture
def guarded(cluster: Cluster, space: str) -> str:
    """The namespace, with the policy in force. A user `person` may write VideoScenarios there, as may the operator."""
    helm()
    done = run_helm("template", "vap", str(CHART), "--namespace", space, "--kube-version", "1.34", *DEFAULT)
    assert done.returncode == 0, done.stderr
    for item in load_all_yaml(done.stdout):
        if item["kind"].startswith("ValidatingAdmissionPolicy"):
            cluster.create(item)
        elif item["kind"] in ("Role", "RoleBinding") and item["metadata"]["name"] == "vap-operator":
            cluster.create(item, space)
    cluster.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "person"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "vap-operator"},
            "subjects": [{"kind": "User", "name": "person", "apiGroup": "rbac.authorization.k8s.io"}],
        },
        space,
    )

    def in_force() -> bool:
        try:
            cluster.create(labelled("probe"), space, dry_run=True)
        except RefusedError as error:
            return "only the operator sets the label" in str(error)
        return False

    wait_for(in_force, "the admission policy to be in force", timeout_s=60)
    return space


def test_only_the_operator_sets_the_label_and_nobody_changes_it(cluster: Cluster, guarded: str) -> None:
    operator = cluster.acting_as(f"system:serviceaccount:{guarded}:vap-operator")
    person = cluster.acting_as("person")

    with pytest.raises(RefusedError, match="only the operator sets the label"):
        person.create(labelled("taken"), guarded)
    person.create(scenario("own", team="dock"), guarded)
    with pytest.raises(RefusedError, match="only the operator sets the label"):
        person.merge(scenario("own"), {"metadata": {"labels": {LABEL: "x"}}}, guarded)

    made = operator.create(labelled("from-rest"), guarded)
    with pytest.raises(RefusedError, match="only the operator sets the label"):
        person.merge(made, {"metadata": {"labels": {LABEL: None}}}, guarded)
    stopped = person.merge(made, {"spec": {"desiredState": "Inactive"}}, guarded)
    assert stopped["metadata"]["labels"] == made["metadata"]["labels"]


def test_other_namespaces_are_left_alone(cluster: Cluster, guarded: str) -> None:
    other = f"{guarded}-other"
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    cluster.create(labelled("free"), other)
