"""Lists: selectors, pages, resourceVersion, tables."""

import pytest

from tests.contract.target import GROUP, TABLE, Target, camera, created, ok, pod, refused


@pytest.fixture
def cameras(target: Target, space: str) -> str:
    """Five cameras, a to e, labelled."""
    path = f"{GROUP}/namespaces/{space}/cameras"
    for index, name in enumerate("edcba"):
        body = camera(name)
        body["metadata"]["labels"] = {"name": name, "parity": "odd" if index % 2 else "even"}
        created(target.post(path, body))
    return path


def names(response: object) -> list[str]:
    return [item["metadata"]["name"] for item in ok(response)["items"]]  # type: ignore[arg-type]


def test_a_list_is_sorted_and_names_its_kind_and_revision(target: Target, cameras: str) -> None:
    body = ok(target.get(cameras))
    assert (body["kind"], body["apiVersion"]) == ("CameraList", "contract.test/v1alpha1")
    assert [item["metadata"]["name"] for item in body["items"]] == list("abcde")
    assert all(item["kind"] == "Camera" for item in body["items"])
    newest = max(int(item["metadata"]["resourceVersion"]) for item in body["items"])
    assert int(body["metadata"]["resourceVersion"]) >= newest


def test_a_list_of_all_namespaces_has_those_of_each(target: Target, cameras: str) -> None:
    spaces = {item["metadata"]["namespace"] for item in ok(target.get(f"{GROUP}/cameras"))["items"]}
    assert cameras.split("/")[5] in spaces


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("name=a", "a"),
        ("name==a", "a"),
        ("name!=a", "bcde"),
        ("name in (a, c)", "ac"),
        ("name notin (a,c)", "bde"),
        ("parity=odd,name!=b", "d"),
        ("parity", "abcde"),
        ("!parity", ""),
        ("absent!=x", "abcde"),
        ("absent=x", ""),
        ("name=", ""),
    ],
)
def test_label_selectors(target: Target, cameras: str, selector: str, expected: str) -> None:
    assert names(target.get(cameras, labelSelector=selector)) == list(expected)


@pytest.mark.parametrize("selector", ["a===b", "a in (", "=x", "a,", "a b"])
def test_malformed_label_selectors_are_bad_requests(target: Target, cameras: str, selector: str) -> None:
    refused(target.get(cameras, labelSelector=selector), 400, "BadRequest")


def test_field_selectors_of_custom_kinds(target: Target, cameras: str) -> None:
    space = cameras.split("/")[5]
    assert names(target.get(cameras, fieldSelector="metadata.name=b")) == ["b"]
    assert names(target.get(cameras, fieldSelector="metadata.name!=b")) == list("acde")
    selector = f"metadata.namespace={space},metadata.name=c"
    assert names(target.get(f"{GROUP}/cameras", fieldSelector=selector)) == ["c"]
    status = refused(target.get(cameras, fieldSelector="spec.source.url=x"), 400, "BadRequest")
    assert "field label not supported: spec.source.url" in status["message"]


def test_field_selectors_of_pods(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/pods"
    for name in ("p", "q"):
        created(target.post(path, pod(name)))
    created(target.post(f"{path}/q/binding", {"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n1"}}))
    ok(target.patch(f"{path}/q/status", {"status": {"phase": "Running"}}))
    assert names(target.get(path, fieldSelector="spec.nodeName=n1")) == ["q"]
    assert names(target.get(path, fieldSelector="spec.nodeName=")) == ["p"]
    assert names(target.get(path, fieldSelector="status.phase=Pending")) == ["p"]
    assert names(target.get(path, fieldSelector="status.phase!=Pending,metadata.name=q")) == ["q"]
    refused(target.get(path, fieldSelector="spec.bogus=x"), 400, "BadRequest")


def test_pages_show_one_moment(target: Target, cameras: str) -> None:
    first = ok(target.get(cameras, limit="2"))
    assert [item["metadata"]["name"] for item in first["items"]] == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 3
    ok(target.delete(f"{cameras}/c"))
    created(target.post(cameras, camera("bb")))
    ok(target.patch(f"{cameras}/d", {"metadata": {"labels": {"late": "yes"}}}))
    second = ok(target.get(cameras, limit="2", **{"continue": first["metadata"]["continue"]}))
    assert [item["metadata"]["name"] for item in second["items"]] == ["c", "d"]
    assert "late" not in second["items"][1]["metadata"]["labels"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = ok(target.get(cameras, limit="2", **{"continue": second["metadata"]["continue"]}))
    assert [item["metadata"]["name"] for item in third["items"]] == ["e"]
    assert not third["metadata"].get("continue")


def test_pages_of_all_namespaces_and_with_selectors(target: Target, cameras: str) -> None:
    seen: list[str] = []
    query = {"limit": "2", "labelSelector": "parity=even"}
    while True:
        page = ok(target.get(cameras, **query))
        seen += [item["metadata"]["name"] for item in page["items"]]
        if not page["metadata"].get("continue"):
            break
        query["continue"] = page["metadata"]["continue"]
    assert seen == ["a", "c", "e"]


def test_a_malformed_continue_token_is_a_bad_request(target: Target, cameras: str) -> None:
    refused(target.get(cameras, limit="2", **{"continue": "abc"}), 400, "BadRequest")


def test_an_exact_revision_shows_the_past(target: Target, cameras: str) -> None:
    then = ok(target.get(cameras))["metadata"]["resourceVersion"]
    ok(target.delete(f"{cameras}/a"))
    response = target.get(cameras, resourceVersion=then, resourceVersionMatch="Exact")
    assert names(response) == list("abcde")
    newer = target.get(cameras, resourceVersion=then, resourceVersionMatch="NotOlderThan")
    assert names(newer) == list("bcde")
    assert names(target.get(cameras, resourceVersion="0"))[-1] == "e"


def test_wrong_revision_parameters_are_refused(target: Target, cameras: str) -> None:
    assert target.get(cameras, resourceVersionMatch="Exact").status_code in (400, 422)
    assert target.get(cameras, resourceVersion="0", resourceVersionMatch="Exact").status_code in (400, 422)
    assert target.get(cameras, resourceVersion="x").status_code in (400, 422)


def test_a_revision_of_the_future_is_a_timeout(target: Target, cameras: str) -> None:
    future = str(int(ok(target.get(cameras))["metadata"]["resourceVersion"]) + 1_000_000)
    status = refused(target.get(cameras, resourceVersion=future), 504, "Timeout")
    assert status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_a_table_of_a_custom_kind_has_its_columns(target: Target, cameras: str) -> None:
    ok(target.patch(f"{cameras}/a/status", {
        "status": {
            "state": "active",
            "source": "rtsp://x",
            "telemetry": {"framesProcessed": 7, "lastFrameTime": "2020-01-01T00:00:00Z"},
            "conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}],
        }
    }))  # fmt: skip
    table = ok(target.get(cameras, accept=TABLE))
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    columns = [(column["name"], column["type"], column["priority"]) for column in table["columnDefinitions"]]
    assert columns == [
        ("Name", "string", 0),
        ("State", "string", 0),
        ("Ready", "string", 0),
        ("Last-Frame", "date", 0),
        ("Frames", "integer", 1),
        ("Source", "string", 1),
        ("Age", "date", 0),
    ]
    cells = {row["cells"][0]: row["cells"][1:] for row in table["rows"]}
    assert cells["a"][:2] == ["active", "True"]
    assert cells["a"][2].endswith("y") or "y" in cells["a"][2]
    assert cells["a"][3:5] == [7, "rtsp://x"]
    assert cells["b"][:5] == ["init_startup", "Unknown", None, None, None]
    assert cells["b"][5].endswith("s")
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    one = ok(target.get(f"{cameras}/b", accept=TABLE))
    assert [row["cells"][0] for row in one["rows"]] == ["b"]
    whole = ok(target.get(cameras, accept=TABLE, includeObject="Object"))
    assert whole["rows"][0]["object"]["spec"]["desiredState"] == "Active"


def test_a_kind_without_columns_shows_its_age(target: Target, space: str) -> None:
    table = ok(target.get(f"{GROUP}/namespaces/{space}/pools", accept=TABLE))
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Age"]


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("pods", "Name Ready Status Restarts Age IP Node Nominated Node Readiness Gates"),
        ("secrets", "Name Type Data Age"),
        ("configmaps", "Name Data Age"),
        ("serviceaccounts", "Name Secrets Age"),
        ("events", "Last Seen Type Reason Object Subobject Source Message First Seen Count Name"),
    ],
)
def test_tables_of_builtin_kinds_have_the_usual_columns(target: Target, space: str, path: str, columns: str) -> None:
    table = ok(target.get(f"/api/v1/namespaces/{space}/{path}", accept=TABLE))
    assert " ".join(column["name"] for column in table["columnDefinitions"]) == columns


def test_metadata_alone_can_be_listed(target: Target, cameras: str) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    body = ok(target.get(cameras, accept=accept))
    assert body["kind"] == "PartialObjectMetadataList"
    assert [item["metadata"]["name"] for item in body["items"]] == list("abcde")
    assert "spec" not in body["items"][0]
