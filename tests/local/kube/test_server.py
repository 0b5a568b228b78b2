"""What a server is given: hooks, addresses, the life of events."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contract.target import Target, created, ok, refused
from vap_local.kube.admission import RefusedError, Review
from vap_local.kube.expiry import EVENTS, expire_events
from vap_local.kube.pki import ensure_pki
from vap_local.kube.server import KubeServer
from vap_local.kube.store import Key, Store


async def test_a_hook_sees_and_refuses_writes(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def guard(review: Review) -> None:
        seen.append((review.operation, review.resource.plural))
        labels = (review.new or {}).get("metadata", {}).get("labels") or {}
        if "guarded" in labels:
            raise RefusedError("the label guarded is not yours to set")

    server = KubeServer(tmp_path / "state.sqlite", tmp_path / "pki", hooks=[guard])
    await server.start()
    server.write_kubeconfig(tmp_path / "kubeconfig")

    def calls() -> None:
        target = Target("own", tmp_path / "kubeconfig")
        path = "/api/v1/namespaces/default/configmaps"
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "labels": {"guarded": "1"}}}
        status = refused(target.post(path, body), 403, "Forbidden")
        assert status["message"] == 'configmaps "m" is forbidden: the label guarded is not yours to set'
        body["metadata"] = {"name": "m"}
        created(target.post(path, body))
        refused(target.patch(f"{path}/m", {"metadata": {"labels": {"guarded": "1"}}}), 403, "Forbidden")
        ok(target.delete(f"{path}/m"))
        target.close()

    try:
        await asyncio.to_thread(calls)
    finally:
        await server.stop()
    assert {("CREATE", "configmaps"), ("UPDATE", "configmaps"), ("DELETE", "configmaps")} <= set(seen)


def test_only_loopback_is_served(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a loopback address"):
        KubeServer(tmp_path / "state.sqlite", tmp_path / "pki", host="0.0.0.0")


def test_certificates_and_token_are_kept_and_renewed_for_another_host(tmp_path: Path) -> None:
    first = ensure_pki(tmp_path, "127.0.0.1")
    certificate = first.certificate_file.read_bytes()
    assert ensure_pki(tmp_path, "127.0.0.1").certificate_file.read_bytes() == certificate
    other = ensure_pki(tmp_path, "127.0.0.2")
    assert other.certificate_file.read_bytes() != certificate
    assert other.token == first.token


def test_old_events_go_and_recent_ones_stay(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    store.open()
    at = datetime(2030, 1, 1, 12, tzinfo=UTC)
    for name, last in (("old", "2030-01-01T10:00:00Z"), ("new", "2030-01-01T11:30:00Z")):
        metadata = {"name": name, "creationTimestamp": "2030-01-01T09:00:00Z"}
        store.put(Key(EVENTS, "default", name), {"metadata": metadata, "lastTimestamp": last})
    assert expire_events(store, at, timedelta(hours=1)) == 1
    assert [stored.key.name for stored in store.items(EVENTS)] == ["new"]
    store.close()
