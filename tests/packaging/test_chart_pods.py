"""Every pod of the chart: pod-security restricted, probes, resources, settings that exist."""

from collections.abc import Iterator

import pytest
from pydantic_settings import BaseSettings

from tests.packaging.chart import VALUES, Manifest, environment, pick, pod_templates, render
from vap_api.settings import Settings as ApiSettings
from vap_operator.settings import Settings as OperatorSettings
from vap_runner.settings import Settings

SETTINGS: dict[str, type[BaseSettings]] = {
    "Deployment/vap-api": ApiSettings,
    "Deployment/vap-relay": ApiSettings,
    "Deployment/vap-inbox": ApiSettings,
    "Job/vap-migrate": ApiSettings,
    "Deployment/vap-operator": OperatorSettings,
    "RunnerPool/default": Settings,
}
OF_NOBODY = {"REDIS_URL", "POD_NAME"}
"""Offered to all that may want them, whether or not a service does now."""
DEVELOPMENT_SERVERS = {"vap-postgresql", "vap-kafka", "vap-redis"}


@pytest.fixture(params=list(VALUES))
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    return render(*VALUES[request.param])


def containers(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for name, template in pod_templates(manifests).items():
        for container in template["spec"]["containers"] + template["spec"].get("initContainers", []):
            yield name, container


def test_pods_keep_to_the_restricted_standard(manifests: list[Manifest]) -> None:
    for name, template in pod_templates(manifests).items():
        security = template["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(template["spec"]), name
        for volume in template["spec"].get("volumes", []):
            assert set(volume) - {"name"} <= {"emptyDir", "secret", "configMap", "persistentVolumeClaim"}, name
    for name, container in containers(manifests):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        ours = name.partition("/")[2] not in DEVELOPMENT_SERVERS
        assert container["securityContext"]["readOnlyRootFilesystem"] is ours, name


def test_nobody_gets_a_token_but_those_who_use_one(manifests: list[Manifest]) -> None:
    with_token = {
        name
        for name, template in pod_templates(manifests).items()
        if template["spec"].get("automountServiceAccountToken") is not False
    }
    assert with_token <= {"Deployment/vap-operator", "Job/vap-crds", "Job/vap-uninstall"}


def test_everything_has_resources_and_what_stays_has_probes(manifests: list[Manifest]) -> None:
    for name, container in containers(manifests):
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
        assert "memory" in container["resources"]["limits"], name
        if name.startswith(("Deployment/", "RunnerPool/", "StatefulSet/")):
            assert "readinessProbe" in container, name
        if name in SETTINGS and not name.startswith("Job/"):
            assert {"startupProbe", "livenessProbe"} <= set(container), name


def test_every_variable_is_a_setting_of_its_service(manifests: list[Manifest]) -> None:
    for name, container in containers(manifests):
        if name in SETTINGS:
            known = {field.upper() for field in SETTINGS[name].model_fields} | OF_NOBODY
            assert set(environment(container)) <= known, name


def test_probed_ports_are_those_the_services_are_told(manifests: list[Manifest]) -> None:
    told = {
        "Deployment/vap-api": "API_PORT",
        "Deployment/vap-relay": "RELAY_HEALTH_PORT",
        "Deployment/vap-inbox": "INBOX_HEALTH_PORT",
        "Deployment/vap-operator": "HEALTH_PORT",
        "RunnerPool/default": "HEALTH_PORT",
    }
    for name, container in containers(manifests):
        if name in told:
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            assert ports["http"] == int(environment(container)[told[name]]), name


def test_the_drain_ends_before_the_grace_period_does(manifests: list[Manifest]) -> None:
    runner = pick(manifests, "RunnerPool", "default")["spec"]["template"]["spec"]
    drain = Settings.model_fields["drain_seconds"].default
    assert runner["terminationGracePeriodSeconds"] > drain
    api = pick(manifests, "Deployment", "vap-api")["spec"]["template"]["spec"]
    assert api["terminationGracePeriodSeconds"] > int(environment(api["containers"][0])["API_DRAIN_SECONDS"])


def test_the_chart_version_restarts_no_runner(manifests: list[Manifest]) -> None:
    labels = pick(manifests, "RunnerPool", "default")["spec"]["template"]["metadata"]["labels"]
    assert not {"helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"} & set(labels)


def test_selectors_choose_the_pods_they_are_for(manifests: list[Manifest]) -> None:
    pods = {name: template["metadata"]["labels"] for name, template in pod_templates(manifests).items()}
    for item in manifests:
        selector = item.get("spec", {}).get("selector") if item["kind"] != "NetworkPolicy" else None
        wanted = (selector or {}).get("matchLabels", selector or {})
        if item["kind"] in ("Service", "PodDisruptionBudget", "Deployment", "StatefulSet") and wanted:
            chosen = [name for name, labels in pods.items() if wanted.items() <= labels.items()]
            assert len(chosen) == 1, (item["kind"], item["metadata"]["name"], chosen)
