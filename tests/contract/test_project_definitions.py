"""The definitions that the project ships: a real API server takes them, and both refuse what they should."""

from pathlib import Path

import pytest
import yaml

from tests.contract.target import TABLE, Json, Target, causes, created, ok, refused

FILES = sorted((Path(__file__).parents[2] / "crds").glob("*.yaml"))
GROUP = "/apis/vap.dev/v1alpha1"


@pytest.fixture
def scenarios(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/videoscenarios"


@pytest.fixture
def pools(space: str) -> str:
    return f"{GROUP}/namespaces/{space}/runnerpools"


def scenario(name: str = "dock-3", **spec: Json) -> Json:
    spec.setdefault("source", {"url": "rtsp://10.0.0.7/a"})
    return {"apiVersion": "vap.dev/v1alpha1", "kind": "VideoScenario", "metadata": {"name": name}, "spec": spec}


def runner_pool(name: str = "default", **spec: Json) -> Json:
    template = {"spec": {"containers": [{"name": "runner", "image": "vap/runner:1"}]}}
    spec = {"template": template, **spec}
    return {"apiVersion": "vap.dev/v1alpha1", "kind": "RunnerPool", "metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_definition_is_established(target: Target, file: Path) -> None:
    name = yaml.safe_load(file.read_text())["metadata"]["name"]
    status = ok(target.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"))["status"]
    conditions = {item["type"]: item["status"] for item in status["conditions"]}
    assert conditions["Established"] == "True"
    assert "NonStructuralSchema" not in conditions


def test_a_plain_scenario_is_completed(target: Target, scenarios: str) -> None:
    body = created(target.post(scenarios, scenario()))
    assert body["spec"]["desiredState"] == "Active"
    assert body["spec"]["runnerPoolName"] == "default"
    assert body["spec"]["detector"]["name"] == "nanodet"
    assert body["spec"]["results"]["emit"] == "All"
    assert body["spec"]["onStreamEnd"] == "Complete"


def test_a_full_scenario_is_taken(target: Target, scenarios: str) -> None:
    body = created(
        target.post(
            scenarios,
            scenario(
                source={"urlSecretRef": {"name": "dock-3", "key": "url"}},
                desiredState="Active",
                runnerPoolName="gpu",
                detector={"name": "mock", "minConfidencePercent": 0, "classes": ["person", "car"]},
                sampling={"frameIntervalMilliseconds": 200},
                results={"emit": "OnChange"},
                onStreamEnd="Restart",
                ttlSecondsAfterFinished=60,
            ),
        )
    )
    assert body["spec"]["detector"]["classes"] == ["person", "car"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"source": {}}, "spec.source"),
        ({"source": {"url": "rtsp://h/x", "urlSecretRef": {"name": "s", "key": "k"}}}, "spec.source"),
        ({"source": {"url": "rtsp://user:hunter2@h/x"}}, "spec.source"),
        ({"source": {"url": ""}}, "spec.source.url"),
        ({"source": {"url": "rtsp://h/" + "x" * 10_000}}, "spec.source.url"),
        ({"source": {"urlSecretRef": {"key": "k"}}}, "spec.source.urlSecretRef.name"),
        ({"desiredState": "Paused"}, "spec.desiredState"),
        ({"detector": {"minConfidencePercent": 101}}, "spec.detector.minConfidencePercent"),
        ({"detector": {"classes": "person"}}, "spec.detector.classes"),
        ({"sampling": {"frameIntervalMilliseconds": 0}}, "spec.sampling.frameIntervalMilliseconds"),
        ({"results": {"emit": "Sometimes"}}, "spec.results.emit"),
        ({"onStreamEnd": "Explode"}, "spec.onStreamEnd"),
        ({"ttlSecondsAfterFinished": -1}, "spec.ttlSecondsAfterFinished"),
    ],
)
def test_a_wrong_scenario_is_refused(target: Target, scenarios: str, spec: Json, field: str) -> None:
    status = refused(target.post(scenarios, scenario(**spec)), 422, "Invalid")
    assert field in causes(status)
    assert "hunter2" not in str(status)


def test_the_source_never_changes_and_inactive_is_final(target: Target, scenarios: str) -> None:
    created(target.post(scenarios, scenario()))
    one = f"{scenarios}/dock-3"
    refused(target.patch(one, {"spec": {"source": {"url": "rtsp://elsewhere/x"}}}), 422, "Invalid")
    reference = {"url": None, "urlSecretRef": {"name": "s", "key": "k"}}
    refused(target.patch(one, {"spec": {"source": reference}}), 422, "Invalid")
    ok(target.patch(one, {"spec": {"detector": {"minConfidencePercent": 60}}}))
    ok(target.patch(one, {"spec": {"desiredState": "Inactive"}}))
    refused(target.patch(one, {"spec": {"desiredState": "Active"}}), 422, "Invalid")


def test_the_columns_of_scenarios_and_pools(target: Target, scenarios: str, pools: str) -> None:
    def columns(path: str, *, wide: bool) -> list[str]:
        definitions = ok(target.get(path, accept=TABLE))["columnDefinitions"]
        return [item["name"] for item in definitions if wide or item["priority"] == 0]

    assert columns(scenarios, wide=False) == ["Name", "State", "Ready", "Reason", "Last-Frame", "Age"]
    assert {"Runner", "Frames", "FPS", "Source"} <= set(columns(scenarios, wide=True))
    assert columns(pools, wide=False)[0] == "Name"


def test_a_pool_keeps_its_template_and_scales(target: Target, pools: str) -> None:
    made = created(target.post(pools, runner_pool(minRunners=1, maxRunners=3)))
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert (container["name"], container["image"]) == ("runner", "vap/runner:1")
    assert ok(target.patch(f"{pools}/default/scale", {"spec": {"replicas": 2}}))["spec"]["replicas"] == 2
    assert ok(target.get(f"{pools}/default"))["spec"]["minRunners"] == 2
    refused(target.patch(f"{pools}/default/scale", {"spec": {"replicas": 4}}), 422, "Invalid")


@pytest.mark.parametrize(
    "spec", [{"minRunners": 3, "maxRunners": 2}, {"maxWorkers": 0}, {"minRunners": -1}, {"template": None}]
)
def test_a_wrong_pool_is_refused(target: Target, pools: str, spec: Json) -> None:
    refused(target.post(pools, runner_pool(**spec)), 422, "Invalid")
