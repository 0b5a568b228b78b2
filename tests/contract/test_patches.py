"""Merge patch, JSON patch, strategic merge patch."""

import pytest

from tests.contract.target import (
    GROUP,
    JSON_PATCH,
    STRATEGIC_PATCH,
    Target,
    camera,
    causes,
    created,
    ok,
    pod,
    refused,
)


@pytest.fixture
def one(target: Target, space: str) -> str:
    """The path of a new Camera."""
    path = f"{GROUP}/namespaces/{space}/cameras"
    created(target.post(path, camera("a", detector={"name": "mock", "classes": ["a", "b"]})))
    return f"{path}/a"


def test_a_merge_patch_sets_and_removes(target: Target, one: str) -> None:
    patch = {"metadata": {"labels": {"x": "y"}}, "spec": {"detector": {"classes": ["c"], "name": None}}}
    body = ok(target.patch(one, patch))
    assert body["metadata"]["labels"] == {"x": "y"}
    assert body["spec"]["detector"] == {"name": "nanodet", "minConfidencePercent": 50, "classes": ["c"]}
    assert "labels" not in ok(target.patch(one, {"metadata": {"labels": None}}))["metadata"]


def test_a_patch_with_an_old_revision_is_a_conflict(target: Target, one: str) -> None:
    old = ok(target.get(one))["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": old}, "spec": {"ttlSecondsAfterFinished": 5}}
    ok(target.patch(one, patch))
    patch["spec"] = {"ttlSecondsAfterFinished": 6}
    refused(target.patch(one, patch), 409, "Conflict")
    refused(target.patch(f"{one}/status", {"metadata": {"resourceVersion": old}, "status": {"state": "active"}}),
            409, "Conflict")  # fmt: skip


def test_a_patch_cannot_change_the_uid(target: Target, one: str) -> None:
    other = "00000000-0000-0000-0000-000000000000"
    status = refused(target.patch(one, {"metadata": {"uid": other, "labels": {"a": "b"}}}), 422, "Invalid")
    assert "field is immutable" in causes(status)["metadata.uid"]


def test_a_patch_of_a_missing_object_is_not_found(target: Target, one: str) -> None:
    refused(target.patch(f"{one}x", {}), 404, "NotFound")


def test_a_json_patch_runs_in_order(target: Target, one: str) -> None:
    operations = [
        {"op": "test", "path": "/spec/detector/name", "value": "mock"},
        {"op": "replace", "path": "/spec/detector/name", "value": "motion"},
        {"op": "add", "path": "/spec/detector/classes/-", "value": "c"},
        {"op": "remove", "path": "/spec/detector/classes/0"},
        {"op": "copy", "from": "/spec/detector/classes/0", "path": "/spec/detector/classes/2"},
        {"op": "replace", "path": "/spec/detector/classes/2", "value": "d"},
        {"op": "add", "path": "/metadata/labels", "value": {"x": "z"}},
    ]
    body = ok(target.patch(one, operations, JSON_PATCH))
    assert body["spec"]["detector"]["classes"] == ["b", "c", "d"]
    assert body["spec"]["detector"]["name"] == "motion"
    assert body["metadata"]["labels"] == {"x": "z"}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/detector/name", "value": "other"},
        {"op": "remove", "path": "/spec/nope"},
        {"op": "replace", "path": "/spec/nope/deeper", "value": 1},
        {"op": "add", "path": "/spec/nope/deeper", "value": 1},
        {"op": "add", "path": "/spec/detector/classes/9", "value": "x"},
    ],
)
def test_a_json_patch_that_does_not_apply_is_unprocessable(target: Target, one: str, operation: object) -> None:
    before = ok(target.get(one))
    refused(target.patch(one, [operation], JSON_PATCH), 422, "Invalid")
    assert ok(target.get(one)) == before


def test_a_malformed_patch_is_a_bad_request(target: Target, one: str) -> None:
    response = target.client.patch(one, content="{bad", headers={"Content-Type": "application/merge-patch+json"})
    refused(response, 400, "BadRequest")
    refused(target.patch(one, {"op": "add"}, JSON_PATCH), 400, "BadRequest")


def test_custom_kinds_have_no_strategic_merge(target: Target, one: str) -> None:
    refused(target.patch(one, {}, STRATEGIC_PATCH), 415, "UnsupportedMediaType")
    response = target.client.patch(one, json={})
    refused(response, 415, "UnsupportedMediaType")


def test_a_strategic_patch_merges_lists_by_key(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/pods"
    containers = [{"name": "a", "image": "example/a:1"}, {"name": "b", "image": "example/b:1"}]
    body = pod("p", containers=containers)
    body["metadata"]["finalizers"] = ["contract.test/one"]
    created(target.post(path, body))
    patch = {
        "metadata": {"finalizers": ["contract.test/two"], "labels": {"x": "y"}},
        "spec": {"containers": [{"name": "b", "image": "example/b:2"}]},
    }
    patched = ok(target.patch(f"{path}/p", patch, STRATEGIC_PATCH))
    images = [(item["name"], item["image"]) for item in patched["spec"]["containers"]]
    assert images == [("a", "example/a:1"), ("b", "example/b:2")]
    assert patched["metadata"]["finalizers"] == ["contract.test/two", "contract.test/one"]
    patch = {
        "metadata": {"$deleteFromPrimitiveList/finalizers": ["contract.test/one"], "labels": {"$patch": "replace"}}
    }
    patched = ok(target.patch(f"{path}/p", patch, STRATEGIC_PATCH))
    assert patched["metadata"]["finalizers"] == ["contract.test/two"]
    assert "labels" not in patched["metadata"]
    ok(target.patch(f"{path}/p", {"metadata": {"finalizers": None}}))


def test_a_strategic_patch_of_status_merges_conditions(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/pods"
    created(target.post(path, pod("p")))

    def condition(kind: str, status: str) -> dict[str, object]:
        return {"status": {"conditions": [{"type": kind, "status": status}]}}

    ok(target.patch(f"{path}/p/status", condition("Ready", "False"), STRATEGIC_PATCH))
    ok(target.patch(f"{path}/p/status", condition("PodScheduled", "True"), STRATEGIC_PATCH))
    body = ok(target.patch(f"{path}/p/status", condition("Ready", "True"), STRATEGIC_PATCH))
    assert {item["type"]: item["status"] for item in body["status"]["conditions"]} == {
        "Ready": "True",
        "PodScheduled": "True",
    }


def test_a_strategic_patch_deletes_items_and_needs_keys(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/pods"
    created(target.post(path, pod("p")))
    ok(
        target.patch(
            f"{path}/p/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, STRATEGIC_PATCH
        )
    )
    patch = {"status": {"conditions": [{"type": "Ready", "$patch": "delete"}]}}
    assert not ok(target.patch(f"{path}/p/status", patch, STRATEGIC_PATCH))["status"].get("conditions")
    response = target.patch(f"{path}/p/status", {"status": {"conditions": [{"status": "True"}]}}, STRATEGIC_PATCH)
    assert response.status_code == 422
