"""Pods, Secrets, Events, Leases and the other built-in kinds."""

import base64
import uuid

import pytest

from tests.contract.target import TABLE, Json, Target, causes, created, ok, pod, refused


@pytest.fixture
def core(space: str) -> str:
    return f"/api/v1/namespaces/{space}"


def secret(name: str, **fields: Json) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **fields}


def event(space: str, name: str, **fields: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": {"kind": "Camera", "name": "a", "namespace": space, "uid": "u-1"},
        "reason": "Started",
        "message": "it runs",
        "type": "Normal",
        "source": {"component": "operator"},
        "firstTimestamp": "2020-01-01T00:00:00Z",
        "lastTimestamp": "2020-01-01T00:00:00Z",
        "count": 3,
        **fields,
    }


def test_a_pod_gets_its_defaults(target: Target, core: str) -> None:
    container = {
        "name": "main",
        "image": "example/main",
        "ports": [{"containerPort": 80}],
        "readinessProbe": {"httpGet": {"port": 80}},
        "env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "resources": {"limits": {"cpu": "1"}},
    }
    body = created(target.post(f"{core}/pods", pod("p", containers=[container], volumes=[{"name": "v"}])))
    spec = body["spec"]
    assert (spec["restartPolicy"], spec["terminationGracePeriodSeconds"]) == ("Always", 30)
    assert (spec["dnsPolicy"], spec["schedulerName"]) == ("ClusterFirst", "default-scheduler")
    assert spec["volumes"] == [{"name": "v", "emptyDir": {}}]
    made = spec["containers"][0]
    assert (made["imagePullPolicy"], made["terminationMessagePath"]) == ("Always", "/dev/termination-log")
    assert made["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert made["readinessProbe"]["periodSeconds"] == 10
    assert made["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert made["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert body["status"] == {"phase": "Pending", "qosClass": "Burstable"}
    assert body["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"containers": []}, "spec.containers"),
        ({"containers": [{"name": "A_", "image": "x"}]}, "spec.containers[0].name"),
        ({"containers": [{"image": "x"}]}, "spec.containers[0].name"),
        ({"containers": [{"name": "a"}]}, "spec.containers[0].image"),
        ({"containers": [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}]}, "spec.containers[1].name"),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
    ],
)
def test_a_wrong_pod_is_invalid(target: Target, core: str, spec: Json, field: str) -> None:
    assert field in causes(refused(target.post(f"{core}/pods", pod("p", **spec)), 422, "Invalid"))


def test_a_wrong_type_in_a_pod_is_a_bad_request(target: Target, core: str) -> None:
    refused(target.post(f"{core}/pods", pod("p", containers="x")), 400, "BadRequest")
    refused(target.post(f"{core}/pods", pod("p", restartPolicy=5)), 400, "BadRequest")


def test_a_pod_hardly_changes(target: Target, core: str) -> None:
    created(target.post(f"{core}/pods", pod("p")))
    patch = {"spec": {"containers": [{"name": "main", "image": "example/main:2"}]}}
    ok(target.patch(f"{core}/pods/p", patch))
    status = refused(target.patch(f"{core}/pods/p", {"spec": {"restartPolicy": "Never"}}), 422, "Invalid")
    assert "pod updates may not change fields other than" in causes(status)["spec"]


def test_a_binding_schedules_a_pod_once(target: Target, core: str) -> None:
    created(target.post(f"{core}/pods", pod("p")))
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "p"},
        "target": {"kind": "Node", "name": "n"},
    }
    answer = created(target.post(f"{core}/pods/p/binding", binding))
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    body = ok(target.get(f"{core}/pods/p"))
    assert body["spec"]["nodeName"] == "n"
    conditions = {item["type"]: item["status"] for item in body["status"]["conditions"]}
    assert conditions == {"PodScheduled": "True"}
    refused(target.post(f"{core}/pods/p/binding", binding), 409, "Conflict")
    refused(target.post(f"{core}/pods/none/binding", binding | {"metadata": {"name": "none"}}), 404, "NotFound")


def test_a_pod_reports_its_status_and_keeps_its_spec(target: Target, core: str) -> None:
    created(target.post(f"{core}/pods", pod("p")))
    patch = {"status": {"phase": "Running", "podIP": "127.0.0.1"}, "spec": {"restartPolicy": "Never"}}
    body = ok(target.patch(f"{core}/pods/p/status", patch))
    assert (body["status"]["phase"], body["spec"]["restartPolicy"]) == ("Running", "Always")
    body = ok(target.patch(f"{core}/pods/p", {"status": {"phase": "Failed"}, "metadata": {"labels": {"a": "b"}}}))
    assert (body["status"]["phase"], body["metadata"]["labels"]) == ("Running", {"a": "b"})


@pytest.mark.parametrize(
    ("status", "ready", "shown"),
    [
        ({"phase": "Running"}, "0/1", "Running"),
        (
            {"phase": "Running", "containerStatuses": [{"name": "main", "image": "x", "imageID": "", "ready": True,
             "restartCount": 2, "state": {"running": {}}}]},
            "1/1", "Running",
        ),
        (
            {"phase": "Running", "containerStatuses": [{"name": "main", "image": "x", "imageID": "", "ready": False,
             "restartCount": 0, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
            "0/1", "CrashLoopBackOff",
        ),
        (
            {"phase": "Failed", "containerStatuses": [{"name": "main", "image": "x", "imageID": "", "ready": False,
             "restartCount": 0, "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}]},
            "0/1", "Error",
        ),
        ({"phase": "Failed", "reason": "Evicted"}, "0/1", "Evicted"),
    ],
)  # fmt: skip
def test_a_pod_in_a_table(target: Target, core: str, status: Json, ready: str, shown: str) -> None:
    created(target.post(f"{core}/pods", pod("p")))
    ok(target.patch(f"{core}/pods/p/status", {"status": status}))
    cells = ok(target.get(f"{core}/pods", accept=TABLE))["rows"][0]["cells"]
    assert cells[:3] == ["p", ready, shown]
    restarts = status.get("containerStatuses", [{"restartCount": 0}])[0]["restartCount"]
    assert str(cells[3]).split()[0] == str(restarts)


def test_a_terminating_pod_in_a_table(target: Target, core: str) -> None:
    created(target.post(f"{core}/pods", pod("p")))
    created(target.post(f"{core}/pods/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}))
    ok(target.delete(f"{core}/pods/p"))
    assert ok(target.get(f"{core}/pods", accept=TABLE))["rows"][0]["cells"][2] == "Terminating"
    ok(target.delete(f"{core}/pods/p", gracePeriodSeconds="0"))


def test_string_data_becomes_data(target: Target, core: str) -> None:
    body = created(
        target.post(f"{core}/secrets", secret("s", data={"a": "eA==", "b": "eQ=="}, stringData={"b": "new"}))
    )
    assert body["data"] == {"a": "eA==", "b": base64.b64encode(b"new").decode()}
    assert (body["type"], "stringData" in body) == ("Opaque", False)
    patched = ok(target.patch(f"{core}/secrets/s", {"stringData": {"c": "z"}}))
    assert set(patched["data"]) == {"a", "b", "c"}
    found = causes(refused(target.patch(f"{core}/secrets/s", {"type": "example.com/other"}), 422, "Invalid"))
    assert "field is immutable" in found["type"]


def test_a_refused_secret_is_not_repeated(target: Target, core: str) -> None:
    status = refused(target.post(f"{core}/secrets", secret("s", data={"a": "!hunter2"})), 400, "BadRequest")
    assert "hunter2" not in str(status)
    status = refused(target.post(f"{core}/secrets", secret("s", stringData={"b ad": "hunter2"})), 422, "Invalid")
    assert "hunter2" not in str(status)
    status = refused(target.post(f"{core}/secrets", secret("Bad_Name", stringData={"b": "hunter2"})), 422, "Invalid")
    assert "hunter2" not in str(status)


def test_an_immutable_secret_keeps_its_data(target: Target, core: str) -> None:
    created(target.post(f"{core}/secrets", secret("s", stringData={"a": "1"}, immutable=True)))
    found = causes(refused(target.patch(f"{core}/secrets/s", {"stringData": {"a": "2"}}), 422, "Invalid"))
    assert "field is immutable when `immutable` is set" in found["data"]
    ok(target.patch(f"{core}/secrets/s", {"metadata": {"labels": {"a": "b"}}}))


def test_events_are_selected_by_what_they_are_about(target: Target, core: str, space: str) -> None:
    created(target.post(f"{core}/events", event(space, "one")))
    created(target.post(f"{core}/events", event(space, "two", reason="Stopped", type="Warning")))
    selector = (
        f"involvedObject.name=a,involvedObject.namespace={space},involvedObject.kind=Camera,involvedObject.uid=u-1"
    )
    both = ok(target.get(f"{core}/events", fieldSelector=selector))["items"]
    assert [item["metadata"]["name"] for item in both] == ["one", "two"]
    warnings = ok(target.get(f"{core}/events", fieldSelector="type=Warning,reason=Stopped"))["items"]
    assert [item["metadata"]["name"] for item in warnings] == ["two"]
    wrong = event(space, "three")
    wrong["involvedObject"]["namespace"] = "elsewhere"
    refused(target.post(f"{core}/events", wrong), 422, "Invalid")


def test_events_have_two_forms(target: Target, core: str, space: str) -> None:
    modern = f"/apis/events.k8s.io/v1/namespaces/{space}/events"
    created(target.post(f"{core}/events", event(space, "old")))
    shown = ok(target.get(f"{modern}/old"))
    assert (shown["apiVersion"], shown["kind"]) == ("events.k8s.io/v1", "Event")
    assert (shown["note"], shown["regarding"]["name"], shown["deprecatedCount"]) == ("it runs", "a", 3)
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "new"},
        "eventTime": "2020-01-01T00:00:00.000000Z",
        "reportingController": "contract.test/operator",
        "reportingInstance": "one",
        "action": "Start",
        "reason": "Started",
        "regarding": {"kind": "Camera", "name": "a", "namespace": space},
        "note": "it runs",
        "type": "Normal",
    }
    created(target.post(modern, body))
    core_form = ok(target.get(f"{core}/events/new"))
    assert (core_form["message"], core_form["involvedObject"]["name"]) == ("it runs", "a")
    assert core_form["reportingComponent"] == "contract.test/operator"


def test_an_event_in_a_table(target: Target, core: str, space: str) -> None:
    created(target.post(f"{core}/events", event(space, "one")))
    cells = ok(target.get(f"{core}/events", accept=TABLE))["rows"][0]["cells"]
    assert cells[1:4] == ["Normal", "Started", "camera/a"]
    assert cells[6] == "it runs"
    assert "y" in cells[0]
    assert str(cells[8]) == "3"


def test_a_lease_is_taken_over_with_the_right_revision(target: Target, space: str) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{space}/leases"
    spec = {
        "holderIdentity": "one",
        "leaseDurationSeconds": 15,
        "acquireTime": "2020-01-01T00:00:00.000000Z",
        "renewTime": "2020-01-01T00:00:00.000000Z",
        "leaseTransitions": 0,
    }
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "leader"}, "spec": spec}
    body = created(target.post(path, lease))
    assert body["spec"] == spec
    taken = ok(target.put(f"{path}/leader", body | {"spec": {**spec, "holderIdentity": "two", "leaseTransitions": 1}}))
    assert taken["spec"]["holderIdentity"] == "two"
    refused(target.put(f"{path}/leader", body), 409, "Conflict")
    refused(target.post(path, lease), 409, "AlreadyExists")
    wrong = {**lease, "metadata": {"name": "x"}, "spec": {**spec, "leaseDurationSeconds": 0}}
    refused(target.post(path, wrong), 422, "Invalid")


def test_disruption_budgets_are_stored(target: Target, space: str) -> None:
    path = f"/apis/policy/v1/namespaces/{space}/poddisruptionbudgets"
    body = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    }
    made = created(target.post(path, body))
    assert made["spec"] == body["spec"]
    both = {**body, "metadata": {"name": "c"}, "spec": {"maxUnavailable": 1, "minAvailable": 1}}
    refused(target.post(path, both), 422, "Invalid")


def test_nodes_are_stored(target: Target) -> None:
    name = f"node-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"a": "b"}}}
    created(target.post("/api/v1/nodes", body))
    condition = {"type": "Ready", "status": "True"}
    node = ok(target.patch(f"/api/v1/nodes/{name}/status", {"status": {"conditions": [condition]}}))
    assert node["status"]["conditions"][0]["status"] == "True"
    ok(target.delete(f"/api/v1/nodes/{name}"))


def test_a_namespace_is_labelled_and_active(target: Target, space: str) -> None:
    body = ok(target.get(f"/api/v1/namespaces/{space}"))
    assert body["status"]["phase"] == "Active"
    assert body["metadata"]["labels"]["kubernetes.io/metadata.name"] == space
    name = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "with.dot"}}
    refused(target.post("/api/v1/namespaces", name), 422, "Invalid")


def test_the_user_may_do_everything(target: Target) -> None:
    attributes = {"namespace": "default", "verb": "create", "resource": "pods"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = created(target.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review))
    assert answer["status"]["allowed"] is True
    rules = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "default"},
    }
    answer = created(target.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", rules))
    assert any("*" in rule["verbs"] for rule in answer["status"]["resourceRules"])
