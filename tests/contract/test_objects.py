"""Create, read, update: metadata, conflicts, refusals."""

import re

import pytest

from tests.contract.target import GROUP, Target, camera, causes, created, ok, refused


@pytest.fixture
def cameras(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/cameras"


def config_map(name: str, **data: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_new_object_gets_uid_time_generation_and_revision(target: Target, space: str, cameras: str) -> None:
    body = created(target.post(cameras, camera("a")))
    metadata = body["metadata"]
    assert (metadata["name"], metadata["namespace"], metadata["generation"]) == ("a", space, 1)
    assert re.fullmatch(r"[0-9a-f-]{36}", metadata["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["creationTimestamp"])
    assert int(metadata["resourceVersion"]) > 0
    assert ok(target.get(f"{cameras}/a"))["metadata"]["uid"] == metadata["uid"]


def test_a_client_cannot_choose_what_the_server_sets(target: Target, cameras: str) -> None:
    body = camera("a")
    body["metadata"] |= {"uid": "x", "generation": 7, "creationTimestamp": "2001-01-01T00:00:00Z"}
    metadata = created(target.post(cameras, body))["metadata"]
    assert metadata["uid"] != "x"
    assert metadata["generation"] == 1
    assert not metadata["creationTimestamp"].startswith("2001")


def test_generate_name_adds_a_suffix(target: Target, cameras: str) -> None:
    body = camera()
    body["metadata"] = {"generateName": "cam-"}
    names = {created(target.post(cameras, body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch(r"cam-[a-z0-9]{5}", name) for name in names)


def test_a_taken_name_is_a_conflict(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    status = refused(target.post(cameras, camera("a")), 409, "AlreadyExists")
    assert status["message"] == 'cameras.contract.test "a" already exists'
    assert status["details"] == {"name": "a", "group": "contract.test", "kind": "cameras"}


def test_a_missing_object_is_not_found(target: Target, cameras: str) -> None:
    status = refused(target.get(f"{cameras}/nope"), 404, "NotFound")
    assert status["message"] == 'cameras.contract.test "nope" not found'
    assert status["details"] == {"name": "nope", "group": "contract.test", "kind": "cameras"}


def test_a_missing_namespace_is_not_found(target: Target) -> None:
    status = refused(target.post(f"{GROUP}/namespaces/no-such-space/cameras", camera("a")), 404, "NotFound")
    assert status["message"] == 'namespaces "no-such-space" not found'


def test_an_unknown_resource_is_not_found(target: Target, space: str) -> None:
    assert target.get(f"/api/v1/namespaces/{space}/poxds").status_code == 404
    assert target.get("/apis/nope.test/v1").status_code == 404


@pytest.mark.parametrize("name", ["A_B", "-a", "a..b", "a" * 254])
def test_a_bad_name_is_invalid(target: Target, cameras: str, name: str) -> None:
    status = refused(target.post(cameras, camera(name)), 422, "Invalid")
    assert "metadata.name" in causes(status)


def test_a_missing_name_is_invalid(target: Target, cameras: str) -> None:
    status = refused(target.post(cameras, camera()), 422, "Invalid")
    assert causes(status)["metadata.name"] == "Required value: name or generateName is required"


def test_bad_labels_annotations_finalizers_and_owners_are_invalid(target: Target, cameras: str) -> None:
    body = camera("a")
    body["metadata"] |= {
        "labels": {"x": "a b"},
        "annotations": {"b ad": "x"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "", "name": "x", "uid": "y"}],
    }
    found = causes(refused(target.post(cameras, body), 422, "Invalid"))
    assert {"metadata.labels", "metadata.annotations", "metadata.ownerReferences.kind"} <= set(found)
    body = camera("a")
    body["metadata"]["finalizers"] = ["bad finalizer"]
    assert "metadata.finalizers" in str(causes(refused(target.post(cameras, body), 422, "Invalid")))


def test_annotations_have_a_size_limit(target: Target, cameras: str) -> None:
    body = camera("a")
    body["metadata"]["annotations"] = {"big": "x" * (256 * 1024)}
    assert "metadata.annotations" in causes(refused(target.post(cameras, body), 422, "Invalid"))


def test_a_body_of_another_kind_version_or_namespace_is_a_bad_request(target: Target, cameras: str) -> None:
    refused(target.post(cameras, camera("a") | {"apiVersion": "contract.test/v9"}), 400, "BadRequest")
    status = refused(target.post(cameras, camera("a") | {"kind": "Pool"}), 422, "Invalid")
    assert causes(status) == {"kind": 'Invalid value: "Pool": must be Camera'}
    body = camera("a")
    body["metadata"]["namespace"] = "other"
    status = refused(target.post(cameras, body), 400, "BadRequest")
    assert "does not match the namespace sent on the request" in status["message"]


def test_malformed_json_is_a_bad_request_and_text_is_unsupported(target: Target, cameras: str) -> None:
    headers = {"Content-Type": "application/json"}
    refused(target.client.post(cameras, content="{bad", headers=headers), 400, "BadRequest")
    response = target.client.post(cameras, content="x", headers={"Content-Type": "text/plain"})
    refused(response, 415, "UnsupportedMediaType")


def test_yaml_is_read(target: Target, cameras: str) -> None:
    text = "apiVersion: contract.test/v1alpha1\nkind: Camera\nmetadata: {name: from-yaml}\nspec: {source: {url: 'rtsp://x'}}\n"
    created(target.client.post(cameras, content=text, headers={"Content-Type": "application/yaml"}))


def test_an_update_needs_the_current_revision(target: Target, cameras: str) -> None:
    first = created(target.post(cameras, camera("a")))
    second = ok(target.put(f"{cameras}/a", first | {"spec": {**first["spec"], "desiredState": "Inactive"}}))
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    status = refused(target.put(f"{cameras}/a", first), 409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in status["message"]
    del second["metadata"]["resourceVersion"]
    status = refused(target.put(f"{cameras}/a", second), 422, "Invalid")
    assert "must be specified for an update" in causes(status)["metadata.resourceVersion"]


def test_config_maps_may_be_updated_without_a_revision(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/configmaps"
    created(target.post(path, config_map("m", a="1")))
    assert ok(target.put(f"{path}/m", config_map("m", a="2")))["data"] == {"a": "2"}


def test_an_update_of_another_uid_or_name_is_refused(target: Target, cameras: str) -> None:
    body = created(target.post(cameras, camera("a")))
    other = body | {"metadata": {**body["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
    refused(target.put(f"{cameras}/a", other), 409, "Conflict")
    renamed = body | {"metadata": {**body["metadata"], "name": "b"}}
    status = refused(target.put(f"{cameras}/a", renamed), 400, "BadRequest")
    assert status["message"] == "the name of the object (b) does not match the name on the URL (a)"


def test_an_update_of_a_missing_object_is_not_found(target: Target, cameras: str) -> None:
    body = camera("a")
    body["metadata"]["resourceVersion"] = "1"
    refused(target.put(f"{cameras}/a", body), 404, "NotFound")


def test_a_write_that_changes_nothing_keeps_the_revision(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    body = ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"x": "y"}}}))
    assert ok(target.put(f"{cameras}/a", body))["metadata"] == body["metadata"]
    patched = ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Active"}}))
    assert patched["metadata"]["resourceVersion"] == body["metadata"]["resourceVersion"]


def test_generation_counts_changes_of_the_spec_only(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    labelled = ok(target.patch(f"{cameras}/a", {"metadata": {"labels": {"x": "y"}}}))
    assert labelled["metadata"]["generation"] == 1
    reported = ok(target.patch(f"{cameras}/a/status", {"status": {"state": "active"}}))
    assert reported["metadata"]["generation"] == 1
    changed = ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}))
    assert changed["metadata"]["generation"] == 2


def test_revisions_grow_across_kinds(target: Target, space: str, cameras: str) -> None:
    one = int(created(target.post(cameras, camera("a")))["metadata"]["resourceVersion"])
    path = f"/api/v1/namespaces/{space}/configmaps"
    two = int(created(target.post(path, config_map("m")))["metadata"]["resourceVersion"])
    three = int(ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}))["metadata"]["resourceVersion"])
    assert one < two < three


def test_dry_run_checks_but_stores_nothing(target: Target, cameras: str) -> None:
    dry = created(target.post(cameras, camera("a"), dryRun="All"))
    assert dry["spec"]["desiredState"] == "Active"
    refused(target.get(f"{cameras}/a"), 404, "NotFound")
    refused(target.post(cameras, camera("a", source={}), dryRun="All"), 422, "Invalid")
    body = created(target.post(cameras, camera("a")))
    assert (
        ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}, dryRun="All"))["spec"]["desiredState"]
        == "Inactive"
    )
    ok(target.delete(f"{cameras}/a", dryRun="All"))
    assert ok(target.get(f"{cameras}/a")) == body


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore"])
def test_unknown_fields_are_refused_warned_about_or_dropped(target: Target, cameras: str, validation: str) -> None:
    body = camera("a", bogus=1)
    response = target.post(cameras, body, fieldValidation=validation)
    if validation == "Strict":
        message = refused(response, 400, "BadRequest")["message"]
        assert message.endswith('cannot be handled as a Camera: strict decoding error: unknown field "spec.bogus"')
        return
    assert "bogus" not in created(response)["spec"]
    warnings = response.headers.get_list("Warning")
    assert warnings == ([] if validation == "Ignore" else ['299 - "unknown field \\"spec.bogus\\""'])


def test_a_strict_patch_refuses_unknown_fields(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    response = target.patch(f"{cameras}/a", {"spec": {"bogus": 1}}, fieldValidation="Strict")
    assert 'strict decoding error: unknown field "spec.bogus"' in refused(response, 422, "Invalid")["message"]


def test_strict_decoding_covers_builtin_kinds_and_metadata(target: Target, space: str) -> None:
    path = f"/api/v1/namespaces/{space}/configmaps"
    body = config_map("m") | {"bogus": 1}
    message = refused(target.post(path, body, fieldValidation="Strict"), 400, "BadRequest")["message"]
    assert 'unknown field "bogus"' in message
    body = config_map("m")
    body["metadata"] = {"name": "m", "bogus": 1}
    message = refused(target.post(path, body, fieldValidation="Strict"), 400, "BadRequest")["message"]
    assert 'unknown field "metadata.bogus"' in message
    assert "bogus" not in created(target.post(path, body))["metadata"]


def test_a_body_of_two_megabytes_is_read_and_refused_by_its_kind(target: Target, space: str) -> None:
    body = config_map("m", a="x" * (2 * 1024 * 1024))
    refused(target.post(f"/api/v1/namespaces/{space}/configmaps", body), 422, "Invalid")


def test_wrong_methods_are_not_allowed(target: Target, cameras: str) -> None:
    assert target.put(cameras, camera("a")).status_code in (400, 405)
    assert target.patch(cameras, {}).status_code in (400, 405)
    assert target.delete("/version").status_code in (403, 405)


def test_a_json_answer_is_needed(target: Target, cameras: str) -> None:
    assert target.get(cameras, accept="application/vnd.kubernetes.protobuf").status_code == 406
    ok(target.get(cameras, accept="application/vnd.kubernetes.protobuf,application/json"))
