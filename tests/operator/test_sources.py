"""Cameras with credentials, in Secrets and out of them; bad and refused URLs."""

import json

from pydantic import SecretStr

from tests.operator.support.platform import ENDING, Platform
from tests.support.waiting import wait_for
from vap_common.camera.cipher import CameraUrlCipher

PASSWORD = "hunter2-correct-horse"
FULL = f"rtsp://admin:{PASSWORD}@10.0.0.9/run"
PUBLIC = "rtsp://10.0.0.9/run"


def cipher(platform: Platform) -> CameraUrlCipher:
    return CameraUrlCipher(SecretStr(platform.secret_key))


def assert_no_credentials(platform: Platform) -> None:
    """Nowhere but in the user's own Secret."""
    texts = [platform.operator.log.read_text(), platform.operator.metrics()]
    texts += [json.dumps(platform.kube.list(plural)) for plural in ("videoscenarios", "runnerpools", "pods", "events")]
    for log in (platform.statuses, platform.orders):
        texts += [record.message.model_dump_json() for record in log.records if record.message]
    assert not [text for text in texts if PASSWORD in text]


def test_credentials_of_rest_lie_encrypted_in_an_owned_secret(shared: Platform) -> None:
    token = cipher(shared).encrypt(FULL)
    scenario = shared.startup(camera_url=PUBLIC, camera_url_encrypted=token)
    shared.wait_state(scenario, "active")
    resource = shared.scenario(scenario)
    secret = shared.kube.get("secrets", f"scenario-{scenario}-camera")
    assert resource
    assert secret
    assert secret["metadata"]["ownerReferences"][0]["uid"] == resource["metadata"]["uid"]
    assert resource["spec"]["source"] == {
        "urlSecretRef": {"name": f"scenario-{scenario}-camera", "key": "encryptedUrl"}
    }
    assert resource["status"]["source"] == PUBLIC
    order = shared.orders.of(scenario)[-1]
    assert order.camera_url == PUBLIC
    assert cipher(shared).decrypt(order.camera_url_encrypted or "") == FULL
    assert [entry["reason"] for entry in resource["status"]["transitions"]] == [
        "Queued",
        "WorkerAssigned",
        "FramesFlowing",
    ]
    assert_no_credentials(shared)


def test_a_users_plain_secret_is_encrypted_for_the_worker(shared: Platform) -> None:
    shared.make_secret("gate-camera", FULL)
    scenario = shared.apply("gate", source={"urlSecretRef": {"name": "gate-camera", "key": "url"}})
    assert shared.wait_state("gate", "active")["source"] == PUBLIC
    order = shared.orders.of(scenario)[-1]
    assert order.camera_url == PUBLIC
    assert cipher(shared).decrypt(order.camera_url_encrypted or "") == FULL
    assert_no_credentials(shared)


def test_a_users_encrypted_secret_works_too(shared: Platform) -> None:
    shared.make_secret("closed-camera", cipher(shared).encrypt(FULL))
    shared.apply("closed", source={"urlSecretRef": {"name": "closed-camera", "key": "url"}})
    assert shared.wait_state("closed", "active")["source"] == PUBLIC


def test_a_secret_in_the_query_of_a_plain_url_is_masked(shared: Platform) -> None:
    scenario = shared.apply("query", source={"url": f"http://10.0.0.9/run?token={PASSWORD}"})
    assert shared.wait_state("query", "active")["source"] == "http://10.0.0.9/run?token=***"
    order = shared.orders.of(scenario)[-1]
    assert PASSWORD in cipher(shared).decrypt(order.camera_url_encrypted or "")
    shared.kube.delete("videoscenarios", "query")
    shared.wait_gone("query")
    assert_no_credentials(shared)


def test_a_changed_secret_starts_a_new_epoch(shared: Platform) -> None:
    shared.make_secret("rotating", FULL)
    shared.apply("rotated", source={"urlSecretRef": {"name": "rotating", "key": "url"}})
    before = shared.wait_state("rotated", "active")["placement"]["epoch"]
    shared.kube.patch("secrets", "rotating", {"metadata": {"labels": {"unrelated": "change"}}})
    shared.kube.patch("secrets", "rotating", {"stringData": {"url": "rtsp://admin:other@10.0.0.9/run"}})
    after = shared.wait_epoch_after("rotated", before)
    assert after["placement"]["restarts"] == 1
    assert "SettingsChanged" in {entry["reason"] for entry in after["transitions"]}


def test_a_missing_secret_is_waited_for(shared: Platform) -> None:
    scenario = shared.apply("early", source={"urlSecretRef": {"name": "late-camera", "key": "url"}})
    status = shared.wait_state("early", "init_startup", "SecretNotFound")
    assert "late-camera does not exist" in status["message"]
    shared.wait_reason(scenario, "SecretNotFound")
    shared.make_secret("late-camera", "rtsp://10.0.0.9/x", key="other")
    wait_for(lambda: "has no text under url" in (shared.status("early").get("message") or ""), "the missing key")
    shared.kube.patch("secrets", "late-camera", {"stringData": {"url": FULL}})
    shared.wait_state("early", "active")


def test_bad_and_refused_urls_end_as_failed_and_say_what_to_change(shared: Platform) -> None:
    for name, url, says in (
        ("loopback", "rtsp://127.0.0.1/a", "CAMERA_ALLOW_LOOPBACK"),
        ("metadata", "http://169.254.169.254/latest", "CAMERA_ALLOW_LINK_LOCAL"),
        ("scheme", "ftp://10.0.0.9/a", "must begin with one of"),
        ("file", "file:///etc/passwd", "CAMERA_FILE_ROOTS"),
    ):
        scenario = shared.apply(f"bad-{name}", source={"url": url})
        status = shared.wait_state(f"bad-{name}", "inactive", "Failed")
        assert says in status["message"]
        shared.wait_published(scenario, "inactive")
        assert shared.history(scenario) == ["init_startup", *ENDING]
    shared.make_secret("bad-camera", f"rtsp://admin:{PASSWORD}@127.0.0.1/a")
    shared.apply("bad-secret", source={"urlSecretRef": {"name": "bad-camera", "key": "url"}})
    assert "CAMERA_ALLOW_LOOPBACK" in shared.wait_state("bad-secret", "inactive", "Failed")["message"]
    assert_no_credentials(shared)
