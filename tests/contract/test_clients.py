"""The clients the platform uses: kopf and the asyncio client of the kubernetes package."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.target import GROUP, Target, camera, created, eventually, ok

OPERATOR = """
    import kopf

    @kopf.on.startup()
    async def configure(settings, **_):
        settings.persistence.finalizer = "contract.test/kopf"
        settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix="contract.test")
        settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix="contract.test")
        settings.posting.enabled = False

    @kopf.on.event("contract.test", "v1alpha1", "cameras")
    async def seen(type, name, **_):
        print("event", type, name, flush=True)

    @kopf.on.create("contract.test", "v1alpha1", "cameras")
    async def made(name, patch, **_):
        patch.status["state"] = "active"
        print("made", name, flush=True)

    @kopf.on.update("contract.test", "v1alpha1", "cameras", field="spec.desiredState")
    async def changed(name, new, **_):
        print("changed", name, new, flush=True)

    @kopf.on.delete("contract.test", "v1alpha1", "cameras")
    async def ended(name, **_):
        print("ended", name, flush=True)
"""


@pytest.fixture
def operator(target: Target, space: str, tmp_path: Path) -> Iterator[Path]:
    """A kopf operator on one namespace; the file is what it prints."""
    script = tmp_path / "operator.py"
    script.write_text(textwrap.dedent(OPERATOR))
    output = tmp_path / "operator.log"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "kopf", "run", "--standalone", "-n", space, str(script)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "KUBECONFIG": str(target.kubeconfig)},
        )
        try:
            yield output
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=15)
            finally:
                process.kill()
                process.wait()


def test_a_kopf_operator_runs_an_object_through_its_life(target: Target, space: str, operator: Path) -> None:
    cameras = f"{GROUP}/namespaces/{space}/cameras"
    created(target.post(cameras, camera("a")))
    eventually("the create handler", lambda: "made a" in operator.read_text())
    eventually("the status", lambda: ok(target.get(f"{cameras}/a"))["status"]["state"] == "active")
    assert ok(target.get(f"{cameras}/a"))["metadata"]["finalizers"] == ["contract.test/kopf"]
    ok(target.patch(f"{cameras}/a", {"spec": {"desiredState": "Inactive"}}))
    eventually("the update handler", lambda: "changed a Inactive" in operator.read_text())
    ok(target.delete(f"{cameras}/a"))
    eventually("the delete handler", lambda: "ended a" in operator.read_text())
    eventually("the object is gone", lambda: target.get(f"{cameras}/a").status_code == 404)
    eventually("its last event", lambda: "event DELETED a" in operator.read_text())
    assert "Traceback" not in operator.read_text()


async def test_the_asyncio_client_lists_watches_and_writes(target: Target, space: str) -> None:
    from kubernetes.aio import client, config, watch

    await config.load_kube_config(config_file=str(target.kubeconfig))  # type: ignore[no-untyped-call]
    async with client.ApiClient() as api:
        custom = client.CustomObjectsApi(api)
        core = client.CoreV1Api(api)
        where: dict[str, Any] = {
            "group": "contract.test",
            "version": "v1alpha1",
            "namespace": space,
            "plural": "cameras",
        }
        listed: Any = await custom.list_namespaced_custom_object(**where)
        start = listed["metadata"]["resourceVersion"]
        await custom.create_namespaced_custom_object(**where, body=camera("a"))
        await custom.patch_namespaced_custom_object_status(**where, name="a", body={"status": {"state": "active"}})
        await custom.delete_namespaced_custom_object(**where, name="a")
        seen: list[str] = []
        watcher = watch.Watch()  # type: ignore[no-untyped-call]
        call = custom.list_namespaced_custom_object
        async with (
            asyncio.timeout(20),
            watcher.stream(call, **where, resource_version=start, timeout_seconds=20) as stream,  # type: ignore[no-untyped-call]
        ):
            async for event in stream:
                seen.append(event["type"])
                if event["type"] == "DELETED":
                    break
        assert seen == ["ADDED", "MODIFIED", "DELETED"]
        metadata = client.V1ObjectMeta(name="s")
        await core.create_namespaced_secret(space, client.V1Secret(metadata=metadata, string_data={"a": "b"}))
        secret = await core.read_namespaced_secret("s", space)
        assert secret.data is not None
        assert set(secret.data) == {"a"}
        with pytest.raises(client.ApiException) as refused:
            await core.create_namespaced_secret(space, client.V1Secret(metadata=metadata))
        assert refused.value.status == 409
