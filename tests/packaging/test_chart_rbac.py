"""Every right that the chart gives, listed: a new one is a decision, not an accident."""

from tests.packaging.chart import PRODUCTION, Manifest, render

OPERATOR = {
    ("vap.dev", "videoscenarios", "get list watch create patch delete"),
    ("vap.dev", "videoscenarios/status runnerpools/status", "patch"),
    ("vap.dev", "runnerpools", "get list watch"),
    ("vap.dev", "videoscenarios/finalizers runnerpools/finalizers", "update"),
    ("", "pods", "get list watch create delete"),
    ("", "secrets", "get list watch create"),
    (" events.k8s.io", "events", "create patch"),
    ("coordination.k8s.io", "leases", "get create patch"),
}
BEFORE_UNINSTALL = {
    ("apps", "deployments/scale", "patch"),
    ("", "pods", "list delete"),
    ("coordination.k8s.io", "leases", "delete"),
    ("vap.dev", "videoscenarios runnerpools", "get list patch"),
}
BEFORE_UPGRADE = {
    ("apiextensions.k8s.io", "customresourcedefinitions", "get patch"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "create"),
}


def rules(role: Manifest) -> set[tuple[str, str, str]]:
    return {(" ".join(r["apiGroups"]), " ".join(r["resources"]), " ".join(r["verbs"])) for r in role["rules"]}


def test_the_rights_are_exactly_these() -> None:
    roles = {
        f"{item['kind']}/{item['metadata']['name']}": rules(item)
        for item in render(*PRODUCTION)
        if item["kind"] in ("Role", "ClusterRole")
    }
    assert roles == {
        "Role/vap-operator": OPERATOR,
        "Role/vap-uninstall": BEFORE_UNINSTALL,
        "ClusterRole/vap-vap-crds": BEFORE_UPGRADE,
    }


def test_rights_in_the_whole_cluster_last_only_as_long_as_their_hook() -> None:
    for item in render(*PRODUCTION):
        if item["kind"] in ("ClusterRole", "ClusterRoleBinding"):
            annotations = item["metadata"]["annotations"]
            assert annotations["helm.sh/hook"] == "pre-upgrade"
            assert "hook-succeeded" in annotations["helm.sh/hook-delete-policy"]


def test_no_rule_has_a_wildcard() -> None:
    for item in render(*PRODUCTION):
        for rule in item.get("rules", []) if item["kind"].endswith("Role") else []:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]], item["metadata"]["name"]
