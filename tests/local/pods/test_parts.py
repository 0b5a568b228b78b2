"""The pure parts of the pod runner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vap_local.kubeclient.client import JsonObject
from vap_local.pods.expansion import expand
from vap_local.pods.ports import PortMap
from vap_local.pods.programs import Programs, UnknownImageError
from vap_local.pods.references import MissingReferenceError, container_environment
from vap_local.pods.report import ContainerReport, Running, Terminated, Waiting
from vap_local.pods.status import phase_of, pod_status, recover_report

POD: JsonObject = {
    "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"a": "b"}},
    "spec": {"nodeName": "local", "containers": [{"name": "c", "image": "i"}]},
}
RUNNING = ContainerReport("c", "i", Running("2026-01-01T00:00:00Z"), container_id="process://1")
ENDED = Terminated(137, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "process://1")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(NAME)", "value"),
        ("a-$(NAME)-b-$(NAME)", "a-value-b-value"),
        ("$(OTHER)", "$(OTHER)"),
        ("$$(NAME)", "$(NAME)"),
        ("$NAME $", "$NAME $"),
    ],
)
def test_references_expand_as_kubernetes_describes(text: str, expanded: str) -> None:
    assert expand(text, {"NAME": "value"}) == expanded


@given(st.text())
def test_text_without_a_dollar_is_never_changed(text: str) -> None:
    plain = text.replace("$", "")
    assert expand(plain, {"A": "b"}) == plain


@pytest.mark.parametrize(
    "image", ["vap-runner", "ghcr.io/o/vap-runner:1.2", "vap-runner@sha256:00", "r:5000/vap-runner"]
)
def test_an_image_stands_for_the_program_of_its_name(image: str) -> None:
    programs = Programs({"vap-runner": ("/bin/runner",)})
    assert programs.command(image, [], ["-v"]) == ["/bin/runner", "-v"]
    assert programs.command(image, ["own"], ["-v"]) == ["own", "-v"]


def test_an_unknown_image_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownImageError, match="vap-runner"):
        Programs({"vap-runner": ("x",)}).entrypoint("nginx:latest")


async def test_the_environment_comes_from_fields_secrets_and_config_maps() -> None:
    stored = {("secrets", "s"): {"k": "secret"}, ("configmaps", "m"): {"A": "1", "B": "2"}}

    async def load(kind: str, name: str) -> dict[str, str] | None:
        return stored.get((kind, name))

    container: JsonObject = {
        "envFrom": [
            {"configMapRef": {"name": "m"}, "prefix": "P_"},
            {"secretRef": {"name": "none", "optional": True}},
        ],
        "env": [
            {"name": "PLAIN", "value": "x"},
            {"name": "UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "z", "optional": True}}},
        ],
    }
    assert await container_environment(POD, container, load) == [
        ("P_A", "1"), ("P_B", "2"), ("PLAIN", "x"), ("UID", "u"), ("LABEL", "b"), ("KEY", "secret"),
    ]  # fmt: skip
    missing = {"env": [{"name": "K", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "z"}}}]}
    with pytest.raises(MissingReferenceError, match="configmap 'm' has no key 'z'"):
        await container_environment(POD, missing, load)


def test_named_ports_get_local_ones_that_the_program_can_read() -> None:
    ports = PortMap.allocate({"ports": [{"name": "health", "containerPort": 8080}, {"containerPort": 9}]})
    assert ports.environment() == {"HEALTH_PORT": str(ports.by_name["health"])}
    assert ports.local("health") == ports.local(8080) == ports.by_name["health"]
    assert ports.local(9) == 9


def test_a_pod_is_pending_then_running_then_over() -> None:
    waiting = ContainerReport("c", "i")
    failed = RUNNING.with_state(ENDED)
    assert phase_of([waiting]) == "Pending"
    assert phase_of([RUNNING]) == "Running"
    assert phase_of([failed.with_state(Waiting("CrashLoopBackOff"))]) == "Running"
    over = ContainerReport("c", "i", ENDED, finished=True)
    assert phase_of([over]) == "Failed"
    assert phase_of([ContainerReport("c", "i", Terminated(0, "", ""), finished=True)]) == "Succeeded"


def test_conditions_keep_their_time_until_they_change_and_others_stay() -> None:
    first = pod_status(POD, [RUNNING], "t0", "t1")
    pod = POD | {
        "status": first | {"conditions": [*first["conditions"], {"type": "DisruptionTarget", "status": "True"}]}
    }
    second = pod_status(pod, [RUNNING], "t0", "t2")
    assert {condition.get("lastTransitionTime") for condition in second["conditions"]} == {"t1", None}
    assert second["conditions"][-1]["type"] == "DisruptionTarget"
    assert next(c for c in second["conditions"] if c["type"] == "Ready")["status"] == "False"


def test_a_container_that_ran_under_an_earlier_pod_runner_counts_as_restarted() -> None:
    pod = POD | {"status": pod_status(POD, [RUNNING], "t0", "t1")}
    report = recover_report(POD["spec"]["containers"][0], pod)
    assert report.restart_count == 1
    assert report.last_state is not None
    assert report.last_state.exit_code == 137
    assert recover_report(POD["spec"]["containers"][0], POD).restart_count == 0
