"""The real kubectl, on both servers alike."""

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.target import GROUP, KUBECTL, Target, camera, created, eventually, ok, pod

pytestmark = pytest.mark.usefixtures("kubectl")

MANIFEST = """
apiVersion: contract.test/v1alpha1
kind: Camera
metadata: {name: a, labels: {site: north}}
spec: {source: {url: "rtsp://10.0.0.7/a"}, ttlSecondsAfterFinished: 60}
"""


@pytest.fixture
def cameras(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/cameras"


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


def test_get_shows_the_columns(target: Target, space: str, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    rows = table(target.kubectl("-n", space, "get", "cameras").stdout)
    assert rows[0] == ["NAME", "STATE", "READY", "LAST-FRAME", "AGE"]
    assert rows[1][:3] == ["a", "init_startup", "Unknown"]
    wide = table(target.kubectl("-n", space, "get", "cam", "-o", "wide").stdout)
    assert wide[0] == ["NAME", "STATE", "READY", "LAST-FRAME", "FRAMES", "SOURCE", "AGE"]
    assert "camera.contract.test/a" in target.kubectl("-n", space, "get", "contract").stdout
    one = target.kubectl("-n", space, "get", "camera", "a", "-o", "jsonpath={.status.state}").stdout
    assert one == "init_startup"
    everywhere = target.kubectl("get", "cam", "-A").stdout
    assert everywhere.startswith("NAMESPACE")
    chunked = table(target.kubectl("-n", space, "get", "cam", "--chunk-size=1", "-l", "!x").stdout)
    assert chunked[1][0] == "a"


def test_get_of_what_is_not_there(target: Target, space: str) -> None:
    assert "No resources found in" in target.kubectl("-n", space, "get", "cam").stderr
    missing = target.kubectl("-n", space, "get", "cam", "nope", check=False)
    assert missing.stderr.strip() == 'Error from server (NotFound): cameras.contract.test "nope" not found'
    kind = target.kubectl("-n", space, "get", "nonsense", check=False)
    assert 'the server doesn\'t have a resource type "nonsense"' in kind.stderr


def test_watching_get_prints_each_state(target: Target, space: str, cameras: str, tmp_path: Path) -> None:
    assert KUBECTL is not None
    created(target.post(cameras, camera("a")))
    output = tmp_path / "watch"
    with output.open("w") as file:
        process = subprocess.Popen(
            [KUBECTL, "-n", space, "get", "cam", "-w"],
            stdout=file,
            env={**os.environ, "KUBECONFIG": str(target.kubeconfig)},
        )
        try:
            eventually("the first line", lambda: "init_startup" in output.read_text())
            ok(target.patch(f"{cameras}/a/status", {"status": {"state": "active"}}))
            eventually("the second state", lambda: "active" in output.read_text())
            ok(target.patch(f"{cameras}/a/status", {"status": {"state": "inactive"}}))
            eventually("the third state", lambda: "inactive" in output.read_text())
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)
    states = [row[1] for row in table(output.read_text())]
    assert states == ["STATE", "init_startup", "active", "inactive"]
    assert output.read_text().count("NAME") == 1


def test_describe_shows_the_object_and_its_events(target: Target, space: str, cameras: str) -> None:
    body = created(target.post(cameras, camera("a")))
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "a.1"},
        "involvedObject": {"kind": "Camera", "name": "a", "namespace": space, "uid": body["metadata"]["uid"]},
        "reason": "Assigned",
        "message": "runs on runner-1",
        "type": "Normal",
        "source": {"component": "operator"},
    }
    created(target.post(f"/api/v1/namespaces/{space}/events", event))
    text = target.kubectl("-n", space, "describe", "camera", "a").stdout
    assert "rtsp://10.0.0.7/a" in text
    assert "Assigned" in text
    assert "runs on runner-1" in text
    listed = target.kubectl("-n", space, "get", "events").stdout
    assert "camera/a" in listed
    assert "Assigned" in target.kubectl("-n", space, "events").stdout


def test_explain_tells_fields_types_and_descriptions(target: Target) -> None:
    text = target.kubectl("explain", "camera.spec").stdout
    assert "What is wanted." in text
    assert "desiredState" in text
    assert "-required-" in text
    assert "enum: Active, Inactive" in text
    deep = target.kubectl("explain", "camera.spec.detector.minConfidencePercent").stdout
    assert "<integer>" in deep
    assert "source" in target.kubectl("explain", "cam", "--recursive").stdout
    assert "containers" in target.kubectl("explain", "pod.spec").stdout


def test_apply_creates_changes_and_keeps(target: Target, space: str, cameras: str) -> None:
    first = target.kubectl("-n", space, "apply", "-f", "-", stdin=MANIFEST).stdout
    assert first.strip() == "camera.contract.test/a created"
    ok(target.patch(f"{cameras}/a", {"spec": {"detector": {"name": "mock"}}}))
    same = target.kubectl("-n", space, "apply", "-f", "-", stdin=MANIFEST).stdout
    assert same.strip() == "camera.contract.test/a unchanged"
    changed = MANIFEST.replace("{site: north}", "{site: south}").replace(", ttlSecondsAfterFinished: 60", "")
    assert "configured" in target.kubectl("-n", space, "apply", "-f", "-", stdin=changed).stdout
    body = ok(target.get(f"{cameras}/a"))
    assert body["metadata"]["labels"] == {"site": "south"}
    assert "ttlSecondsAfterFinished" not in body["spec"]
    assert body["spec"]["detector"]["name"] == "mock"
    dry = target.kubectl("-n", space, "apply", "--dry-run=server", "-f", "-", stdin=MANIFEST).stdout
    assert "(server dry run)" in dry


def test_apply_reports_what_is_wrong(target: Target, space: str) -> None:
    unknown = MANIFEST.replace("spec: {", "spec: {bogus: 1, ")
    failed = target.kubectl("-n", space, "apply", "-f", "-", stdin=unknown, check=False)
    assert failed.returncode != 0
    assert 'unknown field "spec.bogus"' in failed.stderr
    wrong = MANIFEST.replace("rtsp://10", "rtsp://u:hunter2@10")
    failed = target.kubectl("-n", space, "apply", "-f", "-", stdin=wrong, check=False)
    assert failed.stderr.strip() == (
        'The Camera "a" is invalid: spec.source: Invalid value: "object": url must not hold userinfo'
    )


def test_apply_of_builtin_kinds(target: Target, space: str) -> None:
    pod_manifest = json.dumps(pod("p", containers=[{"name": "main", "image": "example/main:1"}]))
    target.kubectl("-n", space, "apply", "-f", "-", stdin=pod_manifest)
    changed = target.kubectl("-n", space, "apply", "-f", "-", stdin=pod_manifest.replace("main:1", "main:2")).stdout
    assert changed.strip() == "pod/p configured"
    body = ok(target.get(f"/api/v1/namespaces/{space}/pods/p"))
    assert [item["image"] for item in body["spec"]["containers"]] == ["example/main:2"]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    target.kubectl("-n", space, "apply", "-f", "-", stdin=json.dumps(secret))
    bogus = json.dumps({**secret, "bogus": 1})
    assert 'unknown field "bogus"' in target.kubectl("-n", space, "apply", "-f", "-", stdin=bogus, check=False).stderr


def test_edit_changes_an_object(target: Target, space: str, cameras: str) -> None:
    created(target.post(cameras, camera("a")))
    editor = {"KUBE_EDITOR": "sed -i s/desiredState:.Active/desiredState:\\ Inactive/"}
    done = target.kubectl("-n", space, "edit", "camera", "a", environment=editor)
    assert done.stdout.strip() == "camera.contract.test/a edited"
    assert ok(target.get(f"{cameras}/a"))["spec"]["desiredState"] == "Inactive"


def test_delete_waits_for_finalizers(target: Target, space: str, cameras: str) -> None:
    body = camera("a")
    body["metadata"]["finalizers"] = ["contract.test/x"]
    created(target.post(cameras, body))
    stuck = target.kubectl("-n", space, "delete", "camera", "a", "--timeout=1s", check=False)
    assert "timed out" in stuck.stderr
    ok(target.patch(f"{cameras}/a", {"metadata": {"finalizers": None}}))
    created(target.post(cameras, camera("b")))
    assert '"b" deleted' in target.kubectl("-n", space, "delete", "cam", "b").stdout
    gone = target.kubectl("-n", space, "delete", "cam", "b", "--ignore-not-found").stdout
    assert gone == ""
    created(target.post(cameras, camera("c")))
    assert '"c" deleted' in target.kubectl("-n", space, "delete", "cam", "--all").stdout


def test_wait_for_a_condition_and_for_deletion(target: Target, space: str, cameras: str) -> None:
    assert KUBECTL is not None
    created(target.post(cameras, camera("a")))
    late = target.kubectl("-n", space, "wait", "cam/a", "--for=condition=Ready", "--timeout=1s", check=False)
    assert "timed out" in late.stderr
    environment = {**os.environ, "KUBECONFIG": str(target.kubeconfig)}
    command = [KUBECTL, "-n", space, "wait", "cam/a", "--for=condition=Ready", "--timeout=20s"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    ok(target.patch(f"{cameras}/a/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}))
    assert process.communicate(timeout=20)[0].strip() == "camera.contract.test/a condition met"
    state = target.kubectl("-n", space, "wait", "cam/a", "--for=jsonpath={.status.state}=init_startup")
    assert "condition met" in state.stdout
    command[-2:] = ["--for=delete", "--timeout=20s"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    ok(target.delete(f"{cameras}/a"))
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_scale_label_annotate_and_patch(target: Target, space: str) -> None:
    pools = f"{GROUP}/namespaces/{space}/pools"
    created(target.post(pools, {
        "apiVersion": "contract.test/v1alpha1", "kind": "Pool", "metadata": {"name": "p"}, "spec": {"replicas": 1},
    }))  # fmt: skip
    assert "scaled" in target.kubectl("-n", space, "scale", "pool", "p", "--replicas=4").stdout
    assert ok(target.get(f"{pools}/p"))["spec"]["replicas"] == 4
    wrong = target.kubectl("-n", space, "scale", "pool", "p", "--current-replicas=9", "--replicas=1", check=False)
    assert "Expected replicas to be 9, was 4" in wrong.stderr
    target.kubectl("-n", space, "label", "pool", "p", "a=b")
    target.kubectl("-n", space, "annotate", "pool", "p", "note=hello world")
    metadata = ok(target.get(f"{pools}/p"))["metadata"]
    assert (metadata["labels"], metadata["annotations"]) == ({"a": "b"}, {"note": "hello world"})
    target.kubectl("-n", space, "label", "pool", "p", "a-")
    assert "labels" not in ok(target.get(f"{pools}/p"))["metadata"]
    target.kubectl("-n", space, "patch", "pool", "p", "--type=merge", "-p", '{"spec":{"replicas":2}}')
    operations = '[{"op":"replace","path":"/spec/replicas","value":3}]'
    target.kubectl("-n", space, "patch", "pool", "p", "--type=json", "-p", operations)
    status = '{"status":{"runners":3}}'
    target.kubectl("-n", space, "patch", "pool", "p", "--subresource=status", "--type=merge", "-p", status)
    body = ok(target.get(f"{pools}/p"))
    assert (body["spec"]["replicas"], body["status"]["runners"]) == (3, 3)
    refused = target.kubectl(
        "-n", space, "patch", "pool", "p", "--type=merge", "-p", '{"spec":{"replicas":-1}}', check=False
    )
    assert "should be greater than or equal to 0" in refused.stderr


def test_create_of_secrets_config_maps_and_namespaces(target: Target, space: str) -> None:
    target.kubectl("-n", space, "create", "secret", "generic", "s", "--from-literal=url=rtsp://u:p@h/x")
    encoded = ok(target.get(f"/api/v1/namespaces/{space}/secrets/s"))
    assert (encoded["type"], encoded["data"]) == ("Opaque", {"url": "cnRzcDovL3U6cEBoL3g="})
    target.kubectl("-n", space, "create", "configmap", "m", "--from-literal=a=b")
    assert ok(target.get(f"/api/v1/namespaces/{space}/configmaps/m"))["data"] == {"a": "b"}
    target.kubectl("-n", space, "create", "serviceaccount", "x")
    name = f"made-{uuid.uuid4().hex[:8]}"
    assert target.kubectl("create", "namespace", name).stdout.strip() == f"namespace/{name} created"
    again = target.kubectl("-n", space, "create", "secret", "generic", "s", check=False)
    assert 'secrets "s" already exists' in again.stderr


def test_run_get_and_delete_a_pod(target: Target, space: str) -> None:
    target.kubectl("-n", space, "run", "p", "--image=example/main:1")
    rows = table(target.kubectl("-n", space, "get", "pods").stdout)
    assert rows[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert rows[1][:4] == ["p", "0/1", "Pending", "0"]
    assert "Image:" in target.kubectl("-n", space, "describe", "pod", "p").stdout
    assert 'pod "p" deleted' in target.kubectl("-n", space, "delete", "pod", "p").stdout


def test_resources_rights_and_version(target: Target) -> None:
    listed = target.kubectl("api-resources", "--api-group=contract.test", "-o", "wide").stdout
    assert "cameras" in listed
    assert "cam" in listed
    assert target.kubectl("auth", "can-i", "create", "pods").stdout.strip() == "yes"
    assert "Server Version: v1.34" in target.kubectl("version").stdout
    assert "cameras.contract.test" in target.kubectl("get", "crd").stdout
    assert "default" in target.kubectl("get", "ns").stdout


def test_replace_and_diff(target: Target, space: str, cameras: str) -> None:
    target.kubectl("-n", space, "apply", "-f", "-", stdin=MANIFEST)
    changed = MANIFEST.replace("60", "61")
    differs = target.kubectl("-n", space, "diff", "-f", "-", stdin=changed, check=False)
    assert differs.returncode == 1
    assert "+  ttlSecondsAfterFinished: 61" in differs.stdout
    current = target.kubectl("-n", space, "get", "cam", "a", "-o", "yaml").stdout
    target.kubectl("-n", space, "replace", "-f", "-", stdin=current.replace("site: north", "site: west"))
    assert ok(target.get(f"{cameras}/a"))["metadata"]["labels"] == {"site": "west"}


@pytest.fixture
def log_file(own_target: Target) -> Iterator[Path]:
    folder = own_target.kubeconfig.parent / "logs"
    folder.mkdir(exist_ok=True)
    file = folder / f"pod-{uuid.uuid4().hex[:8]}.log"
    yield file
    file.unlink(missing_ok=True)


def test_logs_come_from_the_files_of_the_pod_runner(own_target: Target, own_space: str, log_file: Path) -> None:
    """Only on the own server: the other one asks a kubelet."""
    name = log_file.stem
    pods = f"/api/v1/namespaces/{own_space}/pods"
    created(own_target.post(pods, pod(name)))
    early = own_target.kubectl("-n", own_space, "logs", name, check=False)
    assert "waiting to start" in early.stderr
    log_file.write_text("one\ntwo\nthree\n")
    assert own_target.kubectl("-n", own_space, "logs", name).stdout == "one\ntwo\nthree\n"
    assert own_target.kubectl("-n", own_space, "logs", name, "--tail=2").stdout == "two\nthree\n"
    assert own_target.kubectl("-n", own_space, "logs", name, "--limit-bytes=3").stdout == "one"
    assert KUBECTL is not None
    process = subprocess.Popen(
        [KUBECTL, "-n", own_space, "logs", "-f", "--tail=1", name],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "KUBECONFIG": str(own_target.kubeconfig)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "three\n"
    with log_file.open("a") as file:
        file.write("four\n")
    assert process.stdout.readline() == "four\n"
    ok(own_target.patch(f"{pods}/{name}/status", {"status": {"phase": "Succeeded"}}))
    assert process.stdout.read() == ""
    process.stdout.close()
    assert process.wait(timeout=10) == 0
