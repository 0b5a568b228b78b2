"""What only the platform's own server does: collecting garbage, emptying namespaces, surviving its own end."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import install
from tests.contract.server_process import ServerProcess
from tests.contract.target import GROUP, Json, Target, camera, created, eventually, ok, pod, refused
from tests.contract.things import Things, definition, spec_schema


@pytest.fixture
def core(own_space: str) -> str:
    return f"/api/v1/namespaces/{own_space}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of the test's own, to be ended and started again."""
    with ServerProcess(tmp_path / "kube") as process:
        yield process


def config_map(name: str, *owners: Json, **metadata: Json) -> Json:
    references = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for owner in owners
    ]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": references, **metadata},
    }


def gone(target: Target, path: str) -> None:
    eventually(f"{path} is gone", lambda: target.get(path).status_code == 404)


# -- garbage collection ------------------------------------------------------------------------------------------------


def test_dependents_follow_their_owner(own_target: Target, own_space: str, core: str) -> None:
    cameras = f"{GROUP}/namespaces/{own_space}/cameras"
    owner = created(own_target.post(cameras, camera("a")))
    child = created(own_target.post(f"{core}/configmaps", config_map("child", owner)))
    created(own_target.post(f"{core}/configmaps", config_map("grandchild", child)))
    ok(own_target.delete(f"{cameras}/a", {"propagationPolicy": "Background"}))
    gone(own_target, f"{core}/configmaps/child")
    gone(own_target, f"{core}/configmaps/grandchild")


def test_a_dependent_with_another_owner_only_loses_the_reference(own_target: Target, core: str) -> None:
    one = created(own_target.post(f"{core}/configmaps", config_map("one")))
    two = created(own_target.post(f"{core}/configmaps", config_map("two")))
    created(own_target.post(f"{core}/configmaps", config_map("child", one, two)))
    ok(own_target.delete(f"{core}/configmaps/one"))

    def owners() -> list[str]:
        body = ok(own_target.get(f"{core}/configmaps/child"))
        return [owner["name"] for owner in body["metadata"]["ownerReferences"]]

    eventually("the reference is gone", lambda: owners() == ["two"])


def test_orphaned_dependents_stay(own_target: Target, core: str) -> None:
    owner = created(own_target.post(f"{core}/configmaps", config_map("owner")))
    created(own_target.post(f"{core}/configmaps", config_map("child", owner)))
    ok(own_target.delete(f"{core}/configmaps/owner", {"propagationPolicy": "Orphan"}))
    gone(own_target, f"{core}/configmaps/owner")
    assert "ownerReferences" not in ok(own_target.get(f"{core}/configmaps/child"))["metadata"]


def test_foreground_deletion_waits_for_dependents(own_target: Target, core: str) -> None:
    owner = created(own_target.post(f"{core}/configmaps", config_map("owner")))
    held = config_map("child", owner, finalizers=["contract.test/x"])
    created(own_target.post(f"{core}/configmaps", held))
    body = ok(own_target.delete(f"{core}/configmaps/owner", {"propagationPolicy": "Foreground"}))
    assert body["metadata"]["finalizers"] == ["foregroundDeletion"]

    def child() -> Json:
        return ok(own_target.get(f"{core}/configmaps/child"))["metadata"]

    eventually("the child is being deleted", lambda: child().get("deletionTimestamp"))
    ok(own_target.get(f"{core}/configmaps/owner"))
    ok(own_target.patch(f"{core}/configmaps/child", {"metadata": {"finalizers": None}}))
    gone(own_target, f"{core}/configmaps/child")
    gone(own_target, f"{core}/configmaps/owner")


def test_an_object_made_for_an_owner_that_is_gone_is_collected(own_target: Target, core: str) -> None:
    owner = created(own_target.post(f"{core}/configmaps", config_map("owner")))
    ok(own_target.delete(f"{core}/configmaps/owner"))
    created(own_target.post(f"{core}/configmaps", config_map("late", owner)))
    gone(own_target, f"{core}/configmaps/late")


def test_a_running_pod_is_collected_gracefully(own_target: Target, core: str) -> None:
    owner = created(own_target.post(f"{core}/configmaps", config_map("owner")))
    body = pod("p")
    body["metadata"]["ownerReferences"] = config_map("x", owner)["metadata"]["ownerReferences"]
    created(own_target.post(f"{core}/pods", body))
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    created(own_target.post(f"{core}/pods/p/binding", binding))
    ok(own_target.delete(f"{core}/configmaps/owner"))

    def metadata() -> Json:
        return ok(own_target.get(f"{core}/pods/p"))["metadata"]

    eventually("the pod is terminating", lambda: metadata().get("deletionGracePeriodSeconds") == 30)
    ok(own_target.delete(f"{core}/pods/p", gracePeriodSeconds="0"))


def test_a_deleted_namespace_is_emptied_first(own_target: Target, own_space: str, core: str) -> None:
    created(own_target.post(f"{core}/configmaps", config_map("m", finalizers=["contract.test/x"])))
    created(own_target.post(f"{GROUP}/namespaces/{own_space}/cameras", camera("a")))
    body = ok(own_target.delete(f"/api/v1/namespaces/{own_space}"))
    assert body["status"]["phase"] == "Terminating"
    gone(own_target, f"{GROUP}/namespaces/{own_space}/cameras/a")
    status = refused(own_target.post(f"{core}/configmaps", config_map("late")), 403, "Forbidden")
    assert status["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    ok(own_target.patch(f"{core}/configmaps/m", {"metadata": {"finalizers": None}}))
    gone(own_target, f"/api/v1/namespaces/{own_space}")


# -- what it does not do -----------------------------------------------------------------------------------------------


def test_server_side_apply_is_refused_with_advice(own_target: Target, own_space: str) -> None:
    path = f"{GROUP}/namespaces/{own_space}/cameras"
    created(own_target.post(path, camera("a")))
    response = own_target.patch(f"{path}/a", camera("a"), "application/apply-patch+yaml", fieldManager="me")
    status = refused(response, 415, "UnsupportedMediaType")
    assert "use kubectl apply without --server-side" in status["message"]


def test_a_value_that_breaks_a_schema_is_not_repeated(own_target: Target, own_space: str) -> None:
    """The Kubernetes API server shows it; here a refused value may be a camera's password."""
    secret = "hunter2"
    schema = spec_schema(
        pattern={"type": "string", "pattern": "^[0-9]+$"},
        format={"type": "string", "format": "date-time"},
        short={"type": "string", "minLength": 99},
        long={"type": "string", "maxLength": 1},
        number={"type": "integer"},
        call={"type": "string", "x-kubernetes-validations": [{"rule": "duration(self) > duration('1s')"}]},
        key={"type": "string", "x-kubernetes-validations": [{"rule": "{'a': 1}[self] == 1"}]},
        one={"type": "object", "properties": {"a": {"type": "string"}}, "oneOf": [{"required": ["b"]}]},
    )
    things = Things(own_target, own_space, definition(schema))
    for name in ("pattern", "format", "short", "long", "number", "call", "key"):
        assert secret not in str(refused(things.post({name: secret}), 422, "Invalid")), name
    assert secret not in str(refused(things.post({"one": {"a": secret}}), 422, "Invalid"))
    ok(own_target.delete(things.crd))
    malformed = '{"apiVersion":"contract.test/v1alpha1","kind":"Camera","spec":{"source":{"url":"rtsp://u:hunter2@h"'
    path = f"{GROUP}/namespaces/{own_space}/cameras"
    response = own_target.client.post(path, content=malformed, headers={"Content-Type": "application/json"})
    assert secret not in json.dumps(refused(response, 400, "BadRequest"))


def test_a_body_over_the_limit_is_refused(own_target: Target, own_space: str) -> None:
    path = f"/api/v1/namespaces/{own_space}/configmaps"
    body = {**config_map("m"), "data": {"a": "x" * (4 * 1024 * 1024)}}
    refused(own_target.post(path, body), 413, "RequestEntityTooLarge")


# -- life and death ----------------------------------------------------------------------------------------------------


def test_the_kubeconfig_is_private_and_names_its_context(own_target: Target) -> None:
    assert stat.S_IMODE(own_target.kubeconfig.stat().st_mode) == 0o600
    text = own_target.kubeconfig.read_text()
    assert "current-context: vap\n" in text
    assert "namespace: default" in text
    state = own_target.kubeconfig.parent
    for file in (state / "kube.sqlite", state / "pki" / "server.key", state / "pki" / "token"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_state_revisions_and_watches_survive_a_restart(server: ServerProcess, end: str) -> None:
    target = Target("own", server.kubeconfig)
    install(target)
    cameras = f"{GROUP}/namespaces/default/cameras"
    start = ok(target.get(cameras))["metadata"]["resourceVersion"]
    created(target.post(cameras, camera("a")))
    created(target.post(cameras, camera("b")))
    ok(target.delete(f"{cameras}/b"))
    before = ok(target.get(cameras))
    getattr(server, end)()
    server.start()
    after = ok(target.get(cameras))
    assert after == before
    with target.watch(cameras, resourceVersion=start) as events:
        seen = [(event["type"], event["object"]["metadata"]["name"]) for event in (next(events) for _ in range(3))]
        assert seen == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "b")]
        patched = ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}))
        event = next(events)
    assert event["object"]["metadata"]["resourceVersion"] == patched["metadata"]["resourceVersion"]
    assert int(patched["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
    target.close()


def test_no_acknowledged_write_is_lost_by_a_kill(server: ServerProcess) -> None:
    target = Target("own", server.kubeconfig)
    path = "/api/v1/namespaces/default/configmaps"
    bodies = [created(target.post(path, config_map(f"m{number:03}"))) for number in range(200)]
    names = [body["metadata"]["name"] for body in bodies]
    server.kill()
    server.start()
    assert [item["metadata"]["name"] for item in ok(target.get(path))["items"]] == names
    target.close()


def test_garbage_is_collected_after_a_restart(server: ServerProcess) -> None:
    target = Target("own", server.kubeconfig)
    path = "/api/v1/namespaces/default/configmaps"
    owner = created(target.post(path, config_map("owner")))
    created(target.post(path, config_map("child", owner, finalizers=["contract.test/x"])))
    ok(target.delete(f"{path}/owner"))
    server.kill()
    server.start()
    eventually("the child", lambda: ok(target.get(f"{path}/child"))["metadata"].get("deletionTimestamp"))
    target.close()


def test_a_stop_ends_watches_and_the_process_cleanly(server: ServerProcess) -> None:
    target = Target("own", server.kubeconfig)
    path = "/api/v1/namespaces/default/configmaps"
    with target.watch(path, resourceVersion=ok(target.get(path))["metadata"]["resourceVersion"]) as events:
        assert server.stop() == 0
        assert list(events) == []
    target.close()


def test_one_state_file_has_one_server(server: ServerProcess) -> None:
    command = [sys.executable, "-m", "vap_local.kube", "--state-dir", str(server.folder)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode != 0
    assert "another process serves" in second.stderr
    assert "Traceback" not in second.stderr


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vap_local.kube", "--state-dir", str(tmp_path), "--host", "0.0.0.0"]
    refusal = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refusal.returncode != 0
    assert "not a loopback address" in refusal.stderr
