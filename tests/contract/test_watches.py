"""Watches: order, selectors, bookmarks, expiry, tables."""

import time

import pytest

from tests.contract.conftest import HISTORY_EVENTS
from tests.contract.target import GROUP, TABLE, Json, Target, camera, created, ok, pod


@pytest.fixture
def cameras(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/cameras"


def revision(target: Target, path: str) -> str:
    return str(ok(target.get(path))["metadata"]["resourceVersion"])


def brief(event: Json) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_tells_every_change_in_order(target: Target, cameras: str) -> None:
    with target.watch(cameras, resourceVersion=revision(target, cameras)) as events:
        created(target.post(cameras, camera("a")))
        ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}))
        ok(target.patch(f"{cameras}/a/status", {"status": {"state": "inactive"}}))
        ok(target.delete(f"{cameras}/a"))
        seen = [next(events) for _ in range(4)]
    assert [brief(event) for event in seen] == [
        ("ADDED", "a"), ("MODIFIED", "a"), ("MODIFIED", "a"), ("DELETED", "a"),
    ]  # fmt: skip
    assert seen[2]["object"]["status"]["state"] == "inactive"
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in seen]
    assert revisions == sorted(set(revisions))


def test_a_watch_without_a_revision_begins_with_what_is_there(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    with target.watch(cameras) as events:
        assert brief(next(events)) == ("ADDED", "a")
        created(target.post(cameras, camera("b")))
        assert brief(next(events)) == ("ADDED", "b")


def test_a_watch_from_an_earlier_revision_replays(target: Target, cameras: str) -> None:
    start = revision(target, cameras)
    created(target.post(cameras, camera("a")))
    ok(target.delete(f"{cameras}/a"))
    with target.watch(cameras, resourceVersion=start) as events:
        assert [brief(next(events)) for _ in range(2)] == [("ADDED", "a"), ("DELETED", "a")]


def test_a_watch_of_one_namespace_or_one_object_hears_of_nothing_else(target: Target, cameras: str) -> None:
    start = revision(target, cameras)
    created(target.post(f"{GROUP}/namespaces/default/cameras", camera(f"other-{start}")))
    created(target.post(cameras, camera("a")))
    created(target.post(cameras, camera("b")))
    with target.watch(cameras, resourceVersion=start) as events:
        assert [brief(next(events))[1] for _ in range(2)] == ["a", "b"]
    with target.watch(cameras, resourceVersion=start, fieldSelector="metadata.name=b") as events:
        assert brief(next(events)) == ("ADDED", "b")
    ok(target.delete(f"{GROUP}/namespaces/default/cameras/other-{start}"))


def test_objects_enter_and_leave_a_label_selection(target: Target, cameras: str) -> None:
    start = revision(target, cameras)
    with target.watch(cameras, resourceVersion=start, labelSelector="on=yes") as events:
        created(target.post(cameras, camera("a")))
        ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"on": "yes"}}}))
        ok(target.patch(f"{cameras}/a/status", {"status": {"state": "active"}}))
        left = ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"on": "no"}}}))
        ok(target.patch(f"{cameras}/a/status", {"status": {"state": "inactive"}}))
        ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"on": "yes"}}}))
        ok(target.delete(f"{cameras}/a"))
        seen = [next(events) for _ in range(5)]
    assert [event["type"] for event in seen] == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]
    assert seen[2]["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]
    assert seen[2]["object"]["metadata"]["labels"] == {"on": "yes"}


def test_pods_enter_a_field_selection(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/pods"
    start = revision(target, path)
    with target.watch(path, resourceVersion=start, fieldSelector="spec.nodeName=n1") as events:
        created(target.post(path, pod("p")))
        target.post(f"{path}/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}})
        ok(target.patch(f"{path}/p/status", {"status": {"phase": "Running"}}))
        ok(target.delete(f"{path}/p", gracePeriodSeconds="0"))
        assert [brief(next(events)) for _ in range(2)] == [("ADDED", "p"), ("MODIFIED", "p")]


def test_a_watch_ends_after_its_timeout(target: Target, cameras: str) -> None:
    began = time.monotonic()
    with target.watch(cameras, resourceVersion=revision(target, cameras), timeoutSeconds="1") as events:
        assert list(events) == []
    assert 0.5 < time.monotonic() - began < 15


def test_a_watch_from_a_forgotten_revision_is_gone(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    for number in range(HISTORY_EVENTS):  # the own server forgets by count, the other one by age
        ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"n": str(number)}}}))
    with target.watch(cameras, resourceVersion="1") as events:
        event = next(events)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")


def test_initial_events_end_with_a_bookmark(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    query = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    with target.watch(cameras, **query) as events:
        assert brief(next(events)) == ("ADDED", "a")
        bookmark = next(events)
        assert bookmark["type"] == "BOOKMARK"
        metadata = bookmark["object"]["metadata"]
        assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}
        with target.watch(cameras, resourceVersion=metadata["resourceVersion"]) as later:
            created(target.post(cameras, camera("b")))
            assert brief(next(later)) == ("ADDED", "b")
    assert target.get(cameras, watch="true", sendInitialEvents="true").status_code in (400, 422)


def test_a_watch_as_a_table_names_its_columns_once(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    with target.watch(cameras, accept=TABLE, resourceVersion="0") as events:
        created(target.post(cameras, camera("b")))
        first, second = next(events), next(events)
    assert [column["name"] for column in first["object"]["columnDefinitions"]][:2] == ["Name", "State"]
    assert first["object"]["rows"][0]["cells"][:2] == ["a", "init_startup"]
    assert second["object"]["rows"][0]["cells"][0] == "b"
    assert not second["object"]["columnDefinitions"]


def test_many_watchers_all_hear_the_same(target: Target, cameras: str) -> None:
    start = revision(target, cameras)
    for name in ("a", "b", "c"):
        created(target.post(cameras, camera(name)))
    for _ in range(5):
        with target.watch(cameras, resourceVersion=start) as events:
            assert [brief(next(events))[1] for _ in range(3)] == ["a", "b", "c"]


def test_idle_watches_get_bookmarks(own_target: Target, own_space: str) -> None:
    """Only on the own server, whose interval the suite sets: the other takes a minute."""
    path = f"{GROUP}/namespaces/{own_space}/cameras"
    with own_target.watch(path, resourceVersion=revision(own_target, path), allowWatchBookmarks="true") as events:
        metadata_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "unrelated"}}
        created(own_target.post(f"/api/v1/namespaces/{own_space}/configmaps", metadata_map))
        bookmark = next(events)
    assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "Camera")
    assert bookmark["object"]["metadata"]["resourceVersion"] >= revision(own_target, path)
