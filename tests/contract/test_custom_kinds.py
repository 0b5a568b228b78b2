"""Definitions and what they promise: schema, defaults, pruning, rules, status, scale."""

import copy
import uuid
from typing import Any

import pytest

from tests.contract.target import GROUP, Json, Target, camera, causes, created, eventually, ok, refused
from tests.contract.things import CRDS, Things, definition, spec_schema


@pytest.fixture
def cameras(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/cameras"


@pytest.fixture
def pools(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/pools"


def pool(name: str, **spec: Json) -> Json:
    return {"apiVersion": "contract.test/v1alpha1", "kind": "Pool", "metadata": {"name": name}, "spec": spec}


def test_a_definition_is_established_with_its_names(target: Target) -> None:
    body = definition(spec_schema(x={"type": "string"}))
    made = created(target.post(CRDS, body))
    assert made["spec"]["names"]["listKind"] == f"{body['spec']['names']['kind']}List"
    assert made["spec"]["names"]["singular"] == body["spec"]["names"]["kind"].lower()
    path = f"{CRDS}/{body['metadata']['name']}"

    def conditions() -> dict[str, str]:
        status = ok(target.get(path)).get("status", {})
        return {item["type"]: item["status"] for item in status.get("conditions") or []}

    eventually("established", lambda: conditions().get("Established") == "True")
    assert conditions()["NamesAccepted"] == "True"
    status = ok(target.get(path))["status"]
    assert status["acceptedNames"]["plural"] == body["spec"]["names"]["plural"]
    assert status["storedVersions"] == ["v1"]
    ok(target.delete(path))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda body: body["metadata"].update(name="wrong.things.test"), "metadata.name"),
        (lambda body: body["spec"].update(scope="Global"), "spec.scope"),
        (lambda body: body["spec"]["versions"][0].update(storage=False), "spec.versions"),
        (lambda body: body["spec"]["versions"][0].pop("schema"), "schema"),
        (lambda body: body["spec"]["names"].pop("kind"), "spec.names.kind"),
    ],
)
def test_a_wrong_definition_is_invalid(target: Target, change: Any, field: str) -> None:
    body = definition(spec_schema())
    change(body)
    status = refused(target.post(CRDS, body), 422, "Invalid")
    assert any(field in found for found in causes(status)), causes(status)


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"type": "array", "items": {"type": "string"}}, "type"),
        (spec_schema(x={}), "properties[x].type"),
        (spec_schema(x={"type": "array"}), "properties[x].items"),
        (spec_schema(x={"type": "string", "pattern": "("}), "properties[x].pattern"),
        (
            spec_schema(x={"type": "string", "x-kubernetes-validations": [{"rule": "self +"}]}),
            "x-kubernetes-validations",
        ),
        (
            spec_schema(x={"type": "string", "x-kubernetes-validations": [{"rule": "nope(self)"}]}),
            "x-kubernetes-validations",
        ),
        (spec_schema(x={"type": "array", "items": {"type": "string"}, "uniqueItems": True}), "uniqueItems"),
    ],
)
def test_a_wrong_schema_is_invalid(target: Target, schema: Json, field: str) -> None:
    status = refused(target.post(CRDS, definition(schema)), 422, "Invalid")
    assert any(field in found for found in causes(status)), causes(status)


def test_defaults_fill_in_what_is_missing(target: Target, cameras: str) -> None:
    body = created(target.post(cameras, camera("a")))
    assert body["spec"] == {
        "source": {"url": "rtsp://10.0.0.7/a"},
        "desiredState": "Active",
        "detector": {"name": "nanodet", "minConfidencePercent": 50},
    }
    reference = {"urlSecretRef": {"name": "s", "key": "k"}}
    given = created(target.post(cameras, camera("b", source=reference, detector={"name": "mock"})))
    assert given["spec"]["detector"] == {"name": "mock", "minConfidencePercent": 50}
    null = created(target.post(cameras, camera("c", desiredState=None, detector={"name": None})))
    assert null["spec"]["desiredState"] == "Active"
    assert null["spec"]["detector"]["name"] == "nanodet"
    nullable = created(target.post(cameras, camera("d", ttlSecondsAfterFinished=None)))
    assert nullable["spec"]["ttlSecondsAfterFinished"] is None


def test_a_status_given_at_creation_is_dropped_and_its_default_applies(target: Target, cameras: str) -> None:
    body = created(target.post(cameras, camera("a") | {"status": {"state": "active", "junk": 1}}))
    assert body["status"] == {
        "state": "init_startup",
        "conditions": [
            {
                "type": "Ready",
                "status": "Unknown",
                "reason": "Pending",
                "message": "waiting",
                "lastTransitionTime": "1970-01-01T00:00:00Z",
            }
        ],
    }
    assert ok(target.get(f"{cameras}/a"))["status"] == body["status"]


def test_status_and_spec_are_written_apart(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    patch = {"metadata": {"labels": {"x": "y"}}, "spec": {"desiredState": "Inactive"}, "status": {"state": "active"}}
    reported = ok(target.patch(f"{cameras}/a/status", patch))
    assert (reported["status"]["state"], reported["spec"]["desiredState"]) == ("active", "Active")
    assert "labels" not in reported["metadata"]
    wanted = ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}, "status": {"state": "inactive"}}))
    assert (wanted["status"]["state"], wanted["spec"]["desiredState"]) == ("active", "Inactive")
    body = ok(target.get(f"{cameras}/a/status"))
    body["status"] = {"state": "inactive"}
    replaced = ok(target.put(f"{cameras}/a/status", body))
    assert replaced["status"] == {"state": "inactive"}
    refused(target.put(f"{cameras}/a/status", body), 409, "Conflict")
    emptied = ok(target.patch(f"{cameras}/a/status", {"status": None}))
    assert emptied["status"]["state"] == "init_startup"


def test_a_status_is_validated_and_pruned(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    status = refused(target.patch(f"{cameras}/a/status", {"status": {"state": "bogus"}}), 422, "Invalid")
    assert 'Unsupported value: "bogus"' in causes(status)["status.state"]
    body = ok(target.patch(f"{cameras}/a/status", {"status": {"state": "active", "junk": 1}}))
    assert "junk" not in body["status"]
    twice = [{"type": "Ready", "status": "True"}, {"type": "Ready", "status": "False"}]
    found = causes(refused(target.patch(f"{cameras}/a/status", {"status": {"conditions": twice}}), 422, "Invalid"))
    assert found["status.conditions[1]"].startswith("Duplicate value: ")


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"desiredState": "X"}, "spec.desiredState", 'Unsupported value: "X": supported values: "Active", "Inactive"'),
        ({"detector": {"minConfidencePercent": 101}}, "spec.detector.minConfidencePercent",
         "Invalid value: 101: spec.detector.minConfidencePercent in body should be less than or equal to 100"),
        ({"detector": {"minConfidencePercent": -1}}, "spec.detector.minConfidencePercent",
         "Invalid value: -1: spec.detector.minConfidencePercent in body should be greater than or equal to 0"),
        ({"detector": {"minConfidencePercent": "5"}}, "spec.detector.minConfidencePercent",
         'Invalid value: "string": spec.detector.minConfidencePercent in body must be of type integer: "string"'),
        ({"detector": []}, "spec.detector",
         'Invalid value: "array": spec.detector in body must be of type object: "array"'),
        ({"detector": {"classes": ["a", "b", "a"]}}, "spec.detector.classes[2]", 'Duplicate value: "a"'),
        ({"detector": {"classes": [str(n) for n in range(81)]}}, "spec.detector.classes",
         "Too many: 81: must have at most 80 items"),
        ({"detector": {"classes": ["x" * 65]}}, "spec.detector.classes[0]", "Too long: may not be more than 64 bytes"),
        ({"source": {"url": ""}}, "spec.source.url", "spec.source.url in body should be at least 1 chars long"),
        ({"source": {"urlSecretRef": {"name": "s"}, "url": None}}, None, None),
        ({"source": {"urlSecretRef": {"key": "k"}}}, "spec.source.urlSecretRef.name", "Required value"),
        ({"ttlSecondsAfterFinished": True}, "spec.ttlSecondsAfterFinished", "must be of type integer"),
    ],
)  # fmt: skip
def test_schema_validation(target: Target, cameras: str, spec: Json, field: str | None, message: str) -> None:
    response = target.post(cameras, camera("a", **spec))
    if field is None:
        assert created(response)["spec"]["source"]["urlSecretRef"]["key"] == "url"
        return
    status = refused(response, 422, "Invalid")
    assert message in causes(status)[field]
    assert status["message"].startswith('Camera.contract.test "a" is invalid: ')
    assert (status["details"]["group"], status["details"]["kind"]) == ("contract.test", "Camera")


def test_a_missing_spec_is_required(target: Target, cameras: str) -> None:
    body = camera("a")
    del body["spec"]
    assert causes(refused(target.post(cameras, body), 422, "Invalid"))["spec"] == "Required value"


def test_rules_on_an_object(target: Target, cameras: str) -> None:
    both = {"url": "rtsp://x", "urlSecretRef": {"name": "s", "key": "k"}}
    for source in ({}, both):
        found = causes(refused(target.post(cameras, camera("a", source=source)), 422, "Invalid"))
        assert found == {"spec.source": 'Invalid value: "object": exactly one of url and urlSecretRef'}
    status = refused(target.post(cameras, camera("a", source={"url": "rtsp://u:hunter2@h/x"})), 422, "Invalid")
    assert causes(status) == {"spec.source": 'Invalid value: "object": url must not hold userinfo'}
    assert "hunter2" not in str(status)


def test_rules_on_a_transition(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    moved = {"spec": {"source": {"url": "rtsp://elsewhere"}}}
    found = causes(refused(target.patch(f"{cameras}/a", moved), 422, "Invalid"))
    assert found == {"spec": 'Invalid value: "object": source is immutable'}
    ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}))
    found = causes(refused(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Active"}}), 422, "Invalid"))
    assert found == {"spec": 'Invalid value: "object": desiredState Inactive is final'}
    removed = {"spec": {"desiredState": None}}
    refused(target.patch(f"{cameras}/a", removed), 422, "Invalid")


def test_rules_are_not_checked_on_what_is_invalid_otherwise(target: Target, cameras: str) -> None:
    status = refused(target.post(cameras, camera("a", source={}, desiredState="X")), 422, "Invalid")
    assert "some validation rules were not checked" in causes(status)["<nil>"]
    assert "spec.source" not in causes(status)


LANGUAGE: tuple[tuple[Json, str, Json, Json], ...] = (
    ({"type": "integer"}, "self % 2 == 0", 4, 5),
    ({"type": "number"}, "self < 1.5", 1, 2),
    ({"type": "string"}, "self.startsWith('a') && size(self) < 4", "abc", "abcd"),
    ({"type": "string"}, "self in ['x', 'y']", "x", "z"),
    ({"type": "string", "format": "date-time"}, "self > timestamp('2020-01-01T00:00:00Z')", "2021-01-01T00:00:00Z",
         "2019-01-01T00:00:00Z"),
    ({"type": "string", "format": "duration"}, "self <= duration('1h')", "30m", "2h"),
    ({"type": "array", "maxItems": 9, "items": {"type": "integer"}}, "self.all(x, x > 0)", [1, 2], [1, 0]),
    ({"type": "array", "maxItems": 9, "items": {"type": "string", "maxLength": 9}},
         "self.exists_one(x, x == 'a')", ["a", "b"], ["a", "a"]),
    ({"type": "object", "maxProperties": 9, "additionalProperties": {"type": "integer"}},
         "self.all(k, self[k] < 10)", {"a": 1}, {"a": 10}),
    ({"type": "object", "properties": {"a-b": {"type": "integer"}, "if": {"type": "boolean"}}},
         "has(self.a__dash__b) && self.__if__", {"a-b": 1, "if": True}, {"a-b": 1, "if": False}),
    ({"x-kubernetes-int-or-string": True}, "type(self) == string ? self == 'auto' : int(self) > 0", "auto", 0),
    ({"type": "string"}, "self.lowerAscii() == self", "abc", "aBc"),
)  # fmt: skip


@pytest.fixture(scope="session")
def language() -> Json:
    """A definition with one field for each rule of LANGUAGE."""
    fields = {
        f"x{index}": {**schema, "x-kubernetes-validations": [{"rule": rule}]}
        for index, (schema, rule, _, _) in enumerate(LANGUAGE)
    }
    return definition(spec_schema(**fields))


def test_the_language_of_rules(target: Target, space: str, language: Json) -> None:
    things = Things(target, space, language)
    for index, (_, rule, good, bad) in enumerate(LANGUAGE):
        created(things.post({f"x{index}": good}, f"good{index}"))
        found = causes(refused(things.post({f"x{index}": bad}, f"bad{index}"), 422, "Invalid"))
        assert f"failed rule: {rule}" in found[f"spec.x{index}"]
    ok(target.delete(things.crd))


def test_rules_of_items_maps_and_with_reason_path_and_expression(target: Target, space: str) -> None:
    item = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "maxLength": 9}, "size": {"type": "integer"}},
        "x-kubernetes-validations": [
            {
                "rule": "self.size >= oldSelf.size",
                "messageExpression": "'size of ' + self.name + ' must not shrink'",
                "fieldPath": ".size",
                "reason": "FieldValueForbidden",
            }
        ],
    }
    items = {
        "type": "array",
        "maxItems": 9,
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    grows = {
        "type": "integer",
        "x-kubernetes-validations": [
            {"rule": "oldSelf.hasValue() || self == 1", "optionalOldSelf": True, "message": "starts at 1"}
        ],
    }
    things = Things(target, space, definition(spec_schema(items=items, n=grows)))
    refused(things.post({"n": 5}), 422, "Invalid")
    created(things.post({"n": 1, "items": [{"name": "a", "size": 2}, {"name": "b", "size": 3}]}))
    shrunk = {"spec": {"n": 7, "items": [{"name": "b", "size": 3}, {"name": "a", "size": 1}]}}
    found = causes(refused(target.patch(f"{things.path}/a", shrunk), 422, "Invalid"))
    assert found == {"spec.items[1].size": "Forbidden: size of a must not shrink"}
    grown = {"spec": {"n": 7, "items": [{"name": "b", "size": 4}, {"name": "new", "size": 0}]}}
    ok(target.patch(f"{things.path}/a", grown))
    ok(target.delete(things.crd))


def test_junctors_formats_and_patterns(target: Target, space: str) -> None:
    schema = spec_schema(
        one={"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
             "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        any={"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
             "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        negated={"type": "string", "not": {"pattern": "^x"}},
        time={"type": "string", "format": "date-time"},
        code={"type": "string", "pattern": "^[a-z]+$"},
        count={"type": "integer", "multipleOf": 5, "exclusiveMinimum": True, "minimum": 0},
        small={"type": "integer", "format": "int32"},
    )  # fmt: skip
    things = Things(target, space, definition(schema))
    good = {"one": {"a": "x"}, "any": {"a": "", "b": ""}, "negated": "y", "time": "2020-01-01T00:00:00Z", "code": "abc",
            "count": 5, "small": 7}  # fmt: skip
    created(things.post(good))
    for name, value in (
        ("one", {}),
        ("one", {"a": "", "b": ""}),
        ("any", {}),
        ("negated", "xy"),
        ("time", "yesterday"),
        ("code", "abc\n"),
        ("code", "ABC"),
        ("count", 7),
        ("count", 0),
    ):
        found = causes(refused(things.post({**good, name: value}, "b"), 422, "Invalid"))
        assert any(f"spec.{name}" in f"{field} {message}" for field, message in found.items()), (name, value, found)
    ok(target.delete(things.crd))


def test_unknown_fields_are_pruned_except_where_they_are_preserved(target: Target, pools: str) -> None:
    embedded = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"anything": [1]}}
    spec = {"replicas": 1, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}}
    body = created(target.post(pools, pool("a", **spec, embedded=embedded, junk=1)))
    assert body["spec"] == {**spec, "embedded": embedded}
    found = causes(refused(target.post(pools, pool("b", embedded={"spec": {}})), 422, "Invalid"))
    assert {"spec.embedded.apiVersion", "spec.embedded.kind"} <= set(found)


def test_int_or_string_takes_both(target: Target, pools: str) -> None:
    assert created(target.post(pools, pool("a", idle=5)))["spec"]["idle"] == 5
    assert created(target.post(pools, pool("b", idle="5%")))["spec"]["idle"] == "5%"
    refused(target.post(pools, pool("c", idle=[])), 422, "Invalid")


def test_the_scale_subresource(target: Target, pools: str) -> None:
    made = created(target.post(pools, pool("a", replicas=2)))
    ok(target.patch(f"{pools}/a/status", {"status": {"runners": 1, "selector": "pool=a"}}))
    scale = ok(target.get(f"{pools}/a/scale"))
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 1, "selector": "pool=a"}
    assert scale["metadata"]["uid"] == made["metadata"]["uid"]
    assert ok(target.patch(f"{pools}/a/scale", {"spec": {"replicas": 5}}))["spec"]["replicas"] == 5
    body = ok(target.get(f"{pools}/a"))
    assert (body["spec"]["replicas"], body["metadata"]["generation"], body["status"]["runners"]) == (5, 2, 1)
    refused(target.put(f"{pools}/a/scale", scale), 409, "Conflict")
    scale["metadata"]["resourceVersion"] = body["metadata"]["resourceVersion"]
    scale["spec"]["replicas"] = 0
    assert ok(target.put(f"{pools}/a/scale", scale))["spec"].get("replicas", 0) == 0
    refused(target.patch(f"{pools}/a/scale", {"spec": {"replicas": -1}}), 422, "Invalid")
    refused(target.patch(f"{pools}/a/scale", {"spec": {"replicas": 1000}}), 422, "Invalid")


def test_a_kind_without_a_subresource_does_not_have_it(target: Target, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    assert target.get(f"{cameras}/a/scale").status_code == 404


def test_without_a_status_subresource_the_status_is_content(target: Target, space: str) -> None:
    schema = spec_schema(x={"type": "integer"})
    schema["properties"]["status"] = {"type": "object", "properties": {"y": {"type": "integer"}}}
    things = Things(target, space, definition(schema))
    body = created(target.post(things.path, {**things.object({"x": 1}), "status": {"y": 1}}))
    assert body["status"] == {"y": 1}
    changed = ok(target.patch(f"{things.path}/a", {"status": {"y": 2}}))
    assert (changed["status"], changed["metadata"]["generation"]) == ({"y": 2}, 2)
    ok(target.delete(things.crd))


def test_a_changed_definition_applies_to_what_is_there(target: Target, space: str) -> None:
    body = definition(spec_schema(x={"type": "string"}))
    things = Things(target, space, body)
    created(things.post({"x": "long"}))
    current = ok(target.get(things.crd))
    changed = copy.deepcopy(current)
    changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = spec_schema(
        x={"type": "string", "maxLength": 2}, y={"type": "integer", "default": 3}
    )
    ok(target.put(things.crd, changed))
    eventually("the new default", lambda: ok(target.get(f"{things.path}/a"))["spec"].get("y") == 3)
    eventually("the new limit", lambda: things.post({"x": "long"}, uuid.uuid4().hex).status_code == 422)
    # What was there before and does not change does not stand in the way of other changes.
    ok(target.patch(f"{things.path}/a", {"metadata": {"labels": {"a": "b"}}, "spec": {"y": 4}}))
    refused(target.patch(f"{things.path}/a", {"spec": {"x": "longer"}}), 422, "Invalid")
    ok(target.delete(things.crd))


def test_two_served_versions_show_the_same_object(target: Target, space: str) -> None:
    body = definition(spec_schema(x={"type": "string"}))
    first = body["spec"]["versions"][0]
    body["spec"]["versions"].append({**copy.deepcopy(first), "name": "v2", "storage": False})
    things = Things(target, space, body)
    created(things.post({"x": "y"}))
    newer = things.path.replace("/v1/", "/v2/")
    shown = ok(target.get(f"{newer}/a"))
    assert (shown["apiVersion"], shown["spec"]) == ("things.test/v2", {"x": "y"})
    ok(target.patch(f"{newer}/a", {"spec": {"x": "z"}}))
    back = ok(target.get(f"{things.path}/a"))
    assert (back["apiVersion"], back["spec"]["x"]) == ("things.test/v1", "z")
    assert [item["apiVersion"] for item in ok(target.get(newer))["items"]] == ["things.test/v2"]
    ok(target.delete(things.crd))


def test_deleting_a_definition_deletes_its_objects(target: Target, space: str) -> None:
    things = Things(target, space, definition(spec_schema(x={"type": "string"})))
    created(things.post({"x": "y"}))
    ok(target.delete(things.crd))
    eventually("the definition is gone", lambda: target.get(things.crd).status_code == 404)
    eventually("the kind is gone", lambda: target.get(things.path).status_code == 404)
