"""Manifests from typed input, tested without a cluster."""

import base64
import uuid
from typing import Any

import pytest

from tests.operator.unit.builders import NOW, metadata, scenario
from vap_common.messages import AnalysisSettings, InitScenario
from vap_operator.pool.podspec import NoRunnerContainerError, build_pod, new_pod_name, template_hash
from vap_operator.resources.runnerpool import PoolSpec, RunnerPool
from vap_operator.resources.videoscenario import ScenarioSpec
from vap_operator.scenario.manifest import build_camera_secret, build_scenario

UUID = uuid.UUID(int=42)


def request(**fields: Any) -> InitScenario:
    values = {"scenario_uuid": UUID, "camera_url": "rtsp://10.0.0.7/a", "requested_at": NOW} | fields
    return InitScenario(**values)


def pool(**template: Any) -> RunnerPool:
    spec = {"containers": [{"name": "sidecar"}, {"name": "runner", "env": [{"name": "POD_NAME", "value": "x"}]}]}
    return RunnerPool(metadata=metadata("default"), spec=PoolSpec(template={"spec": spec} | template))


def test_settings_survive_the_way_through_the_resource() -> None:
    analysis = AnalysisSettings(
        detector="motion",
        min_confidence_percent=70,
        classes=("person", "dog"),
        frame_interval_ms=40,
        emit="OnChange",
        on_stream_end="Restart",
    )
    body = build_scenario(request(analysis=analysis, name="Dock 3"), "00-a-b-01")
    assert ScenarioSpec.model_validate(body["spec"]).analysis() == analysis
    assert body["metadata"]["name"] == f"scenario-{UUID}"
    assert body["metadata"]["annotations"]["vap.dev/name"] == "Dock 3"
    assert body["metadata"]["annotations"]["vap.dev/traceparent"] == "00-a-b-01"
    assert body["metadata"]["finalizers"] == ["vap.dev/stop-worker"]


def test_an_encrypted_url_is_only_in_the_secret() -> None:
    body = build_scenario(request(camera_url_encrypted="gAAAA-token"), None)
    assert "gAAAA-token" not in str(body)
    secret = build_camera_secret(scenario(name=f"scenario-{UUID}"), "rtsp://10.0.0.7/a", "gAAAA-token")
    assert secret["metadata"]["name"] == body["spec"]["source"]["urlSecretRef"]["name"]
    key = body["spec"]["source"]["urlSecretRef"]["key"]
    assert base64.b64decode(secret["data"][key]) == b"gAAAA-token"
    assert secret["metadata"]["ownerReferences"][0]["controller"]


def test_a_pod_belongs_to_its_pool_and_knows_its_name_and_slots() -> None:
    body = build_pod(pool(metadata={"labels": {"team": "video"}}), "default-x")
    runner = body["spec"]["containers"][1]
    assert runner["env"] == [{"name": "POD_NAME", "value": "default-x"}, {"name": "MAX_WORKERS", "value": "4"}]
    assert body["metadata"]["labels"] | {"team": "video", "vap.dev/pool": "default"} == body["metadata"]["labels"]
    assert (
        body["metadata"]["ownerReferences"][0] | {"kind": "RunnerPool", "controller": True}
        == (body["metadata"]["ownerReferences"][0])
    )


def test_the_template_is_not_changed_and_its_hash_follows_it() -> None:
    one, other = pool(), pool(metadata={"labels": {"a": "b"}})
    before = template_hash(one)
    build_pod(one, "default-x")
    assert template_hash(one) == before != template_hash(other)


def test_a_template_without_a_runner_is_refused_with_advice() -> None:
    with pytest.raises(NoRunnerContainerError, match="name one so"):
        build_pod(RunnerPool(metadata=metadata("p"), spec=PoolSpec(template={"spec": {"containers": []}})), "p-x")


def test_pod_names_are_valid_and_differ() -> None:
    names = {new_pod_name("default") for _ in range(200)}
    assert len(names) > 190
    assert all(name.replace("-", "").isalnum() and name.islower() for name in names)
