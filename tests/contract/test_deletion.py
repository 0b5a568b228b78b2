"""Deletion: finalizers, preconditions, grace periods of pods, collections."""

import pytest

from tests.contract.target import GROUP, JSON_PATCH, Target, camera, causes, created, ok, pod, refused


@pytest.fixture
def cameras(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/cameras"


@pytest.fixture
def pods(space: str) -> str:
    return f"/api/v1/namespaces/{space}/pods"


def held(name: str, *finalizers: str) -> dict[str, object]:
    body = camera(name)
    body["metadata"]["finalizers"] = list(finalizers)
    return dict(body)


def scheduled(target: Target, pods: str, name: str = "p", **spec: object) -> None:
    created(target.post(pods, pod(name, **spec)))
    created(
        target.post(f"{pods}/{name}/binding", {"metadata": {"name": name}, "target": {"kind": "Node", "name": "n"}})
    )


def test_deleting_answers_with_a_status_that_names_the_object(target: Target, cameras: str) -> None:
    uid = created(target.post(cameras, camera("a")))["metadata"]["uid"]
    status = ok(target.delete(f"{cameras}/a"))
    assert (status["kind"], status["status"]) == ("Status", "Success")
    assert status["details"] == {"name": "a", "group": "contract.test", "kind": "cameras", "uid": uid}
    refused(target.delete(f"{cameras}/a"), 404, "NotFound")


def test_a_finalizer_holds_an_object_until_it_is_removed(target: Target, cameras: str) -> None:
    created(target.post(cameras, held("a", "contract.test/x", "contract.test/y")))
    deleting = ok(target.delete(f"{cameras}/a"))
    assert deleting["kind"] == "Camera"
    assert deleting["metadata"]["deletionTimestamp"]
    assert deleting["metadata"]["deletionGracePeriodSeconds"] == 0
    assert deleting["metadata"]["generation"] == 2
    again = ok(target.delete(f"{cameras}/a"))
    assert again["metadata"]["resourceVersion"] == deleting["metadata"]["resourceVersion"]
    left = ok(target.patch(f"{cameras}/a", {"metadata": {"finalizers": ["contract.test/y"]}}))
    assert left["metadata"]["deletionTimestamp"] == deleting["metadata"]["deletionTimestamp"]
    start = left["metadata"]["resourceVersion"]
    with target.watch(cameras, resourceVersion=start) as events:
        gone = ok(target.patch(f"{cameras}/a", [{"op": "remove", "path": "/metadata/finalizers"}], JSON_PATCH))
        event = next(events)
    assert "finalizers" not in gone["metadata"]
    assert event["type"] == "DELETED"
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(start)
    refused(target.get(f"{cameras}/a"), 404, "NotFound")


def test_no_finalizer_is_added_to_what_is_being_deleted(target: Target, cameras: str) -> None:
    created(target.post(cameras, held("a", "contract.test/x")))
    ok(target.delete(f"{cameras}/a"))
    patch = {"metadata": {"finalizers": ["contract.test/x", "contract.test/new"]}}
    found = causes(refused(target.patch(f"{cameras}/a", patch), 422, "Invalid"))
    assert "no new finalizers can be added if the object is being deleted" in found["metadata.finalizers"]
    ok(target.patch(f"{cameras}/a", {"metadata": {"finalizers": None}}))


def test_what_is_being_deleted_can_still_be_changed_but_not_revived(target: Target, cameras: str) -> None:
    created(target.post(cameras, held("a", "contract.test/x")))
    ok(target.delete(f"{cameras}/a"))
    ok(target.patch(f"{cameras}/a/status", {"status": {"state": "active"}}))
    body = ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"x": "y"}, "deletionTimestamp": None}}))
    assert body["metadata"]["deletionTimestamp"]
    refused(target.post(cameras, camera("a")), 409, "AlreadyExists")
    ok(target.patch(f"{cameras}/a", {"metadata": {"finalizers": []}}))
    created(target.post(cameras, camera("a")))


def test_preconditions_guard_a_deletion(target: Target, cameras: str) -> None:
    metadata = created(target.post(cameras, camera("a")))["metadata"]
    other = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    status = refused(target.delete(f"{cameras}/a", other), 409, "Conflict")
    assert "the UID in the precondition (00000000-0000-0000-0000-000000000000) does not match" in status["message"]
    stale = {"preconditions": {"resourceVersion": "1"}}
    refused(target.delete(f"{cameras}/a", stale), 409, "Conflict")
    exact = {"preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}}
    ok(target.delete(f"{cameras}/a", exact))


def test_wrong_delete_options_are_refused(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    assert target.delete(f"{cameras}/a", {"propagationPolicy": "Sideways"}).status_code == 422
    ok(target.get(f"{cameras}/a"))


def test_a_collection_is_deleted_by_selector(target: Target, cameras: str) -> None:
    for name in "abc":
        body = camera(name)
        body["metadata"]["labels"] = {"name": name}
        created(target.post(cameras, body))
    ok(target.delete(cameras, labelSelector="name in (a,b)"))
    assert [item["metadata"]["name"] for item in ok(target.get(cameras))["items"]] == ["c"]


def test_an_unscheduled_pod_goes_at_once(target: Target, pods: str) -> None:
    created(target.post(pods, pod("p")))
    gone = ok(target.delete(f"{pods}/p"))
    assert gone["kind"] == "Pod"
    refused(target.get(f"{pods}/p"), 404, "NotFound")


def test_a_scheduled_pod_is_given_its_grace_period(target: Target, pods: str) -> None:
    scheduled(target, pods, terminationGracePeriodSeconds=17)
    body = ok(target.delete(f"{pods}/p"))
    assert body["metadata"]["deletionGracePeriodSeconds"] == 17
    assert body["metadata"]["deletionTimestamp"] > body["metadata"]["creationTimestamp"]
    again = ok(target.delete(f"{pods}/p"))
    assert again["metadata"]["deletionTimestamp"] == body["metadata"]["deletionTimestamp"]
    shorter = ok(target.delete(f"{pods}/p", {"gracePeriodSeconds": 5}))
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    longer = ok(target.delete(f"{pods}/p", {"gracePeriodSeconds": 50}))
    assert longer["metadata"]["deletionGracePeriodSeconds"] == 5
    ok(target.patch(f"{pods}/p/status", {"status": {"phase": "Failed"}}))
    ok(target.get(f"{pods}/p"))
    ok(target.delete(f"{pods}/p", {"gracePeriodSeconds": 0}))
    refused(target.get(f"{pods}/p"), 404, "NotFound")


def test_a_pod_can_be_removed_by_force(target: Target, pods: str) -> None:
    scheduled(target, pods)
    ok(target.delete(f"{pods}/p", gracePeriodSeconds="0"))
    refused(target.get(f"{pods}/p"), 404, "NotFound")


def test_a_finished_pod_goes_at_once(target: Target, pods: str) -> None:
    scheduled(target, pods)
    ok(target.patch(f"{pods}/p/status", {"status": {"phase": "Succeeded"}}))
    ok(target.delete(f"{pods}/p"))
    refused(target.get(f"{pods}/p"), 404, "NotFound")


def test_a_finalizer_outlives_the_grace_period(target: Target, pods: str) -> None:
    body = pod("p")
    body["metadata"]["finalizers"] = ["contract.test/x"]
    created(target.post(pods, body))
    ok(target.delete(f"{pods}/p", gracePeriodSeconds="0"))
    assert ok(target.get(f"{pods}/p"))["metadata"]["deletionGracePeriodSeconds"] == 0
    ok(target.patch(f"{pods}/p", {"metadata": {"finalizers": None}}))
    refused(target.get(f"{pods}/p"), 404, "NotFound")


def test_an_eviction_deletes_a_pod(target: Target, pods: str) -> None:
    scheduled(target, pods, terminationGracePeriodSeconds=9)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert target.post(f"{pods}/p/eviction", eviction).status_code in (200, 201)
    assert ok(target.get(f"{pods}/p"))["metadata"]["deletionGracePeriodSeconds"] == 9
    ok(target.delete(f"{pods}/p", gracePeriodSeconds="0"))


def test_the_default_namespace_stays(target: Target) -> None:
    refused(target.delete("/api/v1/namespaces/default"), 403, "Forbidden")
