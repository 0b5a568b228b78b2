"""A pod's status, computed from what is known of its containers."""

from collections.abc import Sequence

from vap_local.kubeclient.client import JsonObject
from vap_local.pods.report import ContainerReport, Running, Terminated, Waiting, kube_time

LOCAL_ADDRESS = "127.0.0.1"
OWN_CONDITIONS = ("PodScheduled", "Initialized", "ContainersReady", "Ready")


def phase_of(containers: Sequence[ContainerReport]) -> str:
    """Pending until something ran, Running while something may still run, then Succeeded or Failed."""
    if all(container.finished for container in containers):
        codes = [container.state.exit_code for container in containers if isinstance(container.state, Terminated)]
        return "Failed" if any(codes) else "Succeeded"
    started = any(
        isinstance(container.state, Running | Terminated) or container.restart_count or container.last_state
        for container in containers
    )
    return "Running" if started else "Pending"


def pod_status(pod: JsonObject, containers: Sequence[ContainerReport], started_at: str, now: str) -> JsonObject:
    """The `status` of `pod`. Conditions of other writers, such as DisruptionTarget, stay as they are."""
    phase = phase_of(containers)
    unready = [container.name for container in containers if not container.ready]
    over = phase in ("Succeeded", "Failed")
    readiness = (
        ("True", "", "")
        if not unready
        else ("False", "PodCompleted", "")
        if over
        else ("False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    )
    wanted = {
        "PodScheduled": ("True", "", ""),
        "Initialized": ("True", "", ""),
        "ContainersReady": readiness,
        "Ready": readiness,
    }
    before = {condition["type"]: condition for condition in (pod.get("status") or {}).get("conditions") or []}
    others = [condition for name, condition in before.items() if name not in OWN_CONDITIONS]
    return {
        "phase": phase,
        "hostIP": LOCAL_ADDRESS,
        "hostIPs": [{"ip": LOCAL_ADDRESS}],
        "podIP": LOCAL_ADDRESS,
        "podIPs": [{"ip": LOCAL_ADDRESS}],
        "startTime": started_at,
        "conditions": [_condition(name, wanted[name], before.get(name), now) for name in OWN_CONDITIONS] + others,
        "containerStatuses": [container.render() for container in containers],
    }


def recover_report(container: JsonObject, pod: JsonObject) -> ContainerReport:
    """A container as the pod's status tells it, for a pod runner that starts anew: whatever ran runs no more."""
    fresh = ContainerReport(container["name"], container.get("image", ""))
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    known = next((status for status in statuses if status["name"] == container["name"]), None)
    if known is None or not known.get("containerID"):
        return fresh
    # "Ended" here is the last end that was reported, also of a container that was about to be started again.
    running = (known.get("state") or {}).get("running")
    ended = (known.get("state") or {}).get("terminated") or (known.get("lastState") or {}).get("terminated")
    if running is not None:
        last = Terminated(
            137, running["startedAt"], kube_time(), known["containerID"], "ended together with the pod runner"
        )
    elif ended is not None:
        times = ended.get("startedAt", ""), ended.get("finishedAt", "")
        last = Terminated(int(ended["exitCode"]), *times, ended.get("containerID", ""))
    else:
        return fresh
    return ContainerReport(
        fresh.name, fresh.image, Waiting(), last, restart_count=int(known.get("restartCount") or 0) + 1
    )


def is_over(pod: JsonObject) -> bool:
    """Whether the pod ran to its end and stays only to be looked at."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _condition(name: str, wanted: tuple[str, str, str], before: JsonObject | None, now: str) -> JsonObject:
    status, reason, message = wanted
    unchanged = before is not None and before.get("status") == status
    body: JsonObject = {
        "type": name,
        "status": status,
        "lastTransitionTime": before["lastTransitionTime"] if unchanged and before else now,
    }
    if reason:
        body["reason"] = reason
    if message:
        body["message"] = message
    return body
