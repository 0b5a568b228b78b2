"""The Kubernetes API, as kubectl sees it."""

import json
import threading
from pathlib import Path
from typing import Any

import httpx

from tests.support.waiting import wait_for
from vap_local.kubeclient.connection import KubeConnection

Json = dict[str, Any]
SCENARIOS = "/apis/vap.dev/v1alpha1/namespaces/default/videoscenarios"
POOL = "/apis/vap.dev/v1alpha1/namespaces/default/runnerpools/default"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}


class Kube:
    """Requests with the platform's own kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        connection = KubeConnection.load(kubeconfig)
        assert connection.tls is not None
        self.http = httpx.Client(
            base_url=connection.server,
            verify=connection.tls,
            headers={"Authorization": f"Bearer {connection.token}"},
            timeout=10,
        )

    def close(self) -> None:
        self.http.close()

    def find(self, path: str) -> Json | None:
        answer = self.http.get(path)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def get(self, path: str) -> Json:
        body = self.find(path)
        assert body is not None, f"{path} is gone"
        return body

    def create_scenario(self, name: str, spec: Json) -> Json:
        body = {"apiVersion": "vap.dev/v1alpha1", "kind": "VideoScenario", "metadata": {"name": name}, "spec": spec}
        answer = self.http.post(SCENARIOS, json=body)
        assert answer.status_code == 201, answer.text
        created: Json = answer.json()
        return created

    def patch_spec(self, path: str, spec: Json) -> None:
        answer = self.http.patch(path, content=json.dumps({"spec": spec}), headers=MERGE)
        assert answer.status_code == 200, answer.text

    def delete(self, path: str) -> None:
        answer = self.http.delete(path)
        assert answer.status_code in (200, 202), answer.text

    def wait_until_gone(self, path: str, timeout_s: float = 40) -> None:
        wait_for(lambda: self.find(path) is None, f"{path} to be gone", timeout_s, interval_s=0.1)


class ScenarioWatch:
    """What `kubectl get videoscenarios -w` would show: the states of each object, in the order seen."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kube = Kube(kubeconfig)
        self._states: dict[str, list[str]] = {}
        self._transitions: dict[str, list[str]] = {}
        self._deleted: set[str] = set()
        self._closing = threading.Event()
        version = self._kube.get(SCENARIOS)["metadata"]["resourceVersion"]
        self._thread = threading.Thread(target=self._run, args=(version,), daemon=True)
        self._thread.start()

    def states(self, name: str) -> list[str]:
        """States as shown in the column, without repetitions."""
        return list(self._states.get(name, []))

    def transitions(self, name: str) -> list[str]:
        """States in `status.transitions`, as last seen."""
        return list(self._transitions.get(name, []))

    def is_deleted(self, name: str) -> bool:
        return name in self._deleted

    def close(self) -> None:
        self._closing.set()
        self._thread.join(timeout=5)
        self._kube.close()

    def _run(self, version: str) -> None:
        while not self._closing.is_set():
            query = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": "2"}
            try:
                with self._kube.http.stream("GET", SCENARIOS, params=query, timeout=20) as answer:
                    for line in answer.iter_lines():
                        event = json.loads(line)
                        if event["type"] == "ERROR":
                            version = "0"
                            break
                        version = event["object"]["metadata"]["resourceVersion"]
                        self._note(event["type"], event["object"])
            except httpx.TransportError:
                self._closing.wait(0.2)

    def _note(self, kind: str, body: Json) -> None:
        name = body["metadata"].get("name", "")
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self._deleted.add(name)
        status = body.get("status") or {}
        shown = self._states.setdefault(name, [])
        if status.get("state") and (not shown or shown[-1] != status["state"]):
            shown.append(status["state"])
        if status.get("transitions"):
            self._transitions[name] = [transition["state"] for transition in status["transitions"]]


def scenario_path(name: str) -> str:
    return f"{SCENARIOS}/{name}"


def resource_of(scenario: str) -> str:
    """The name of the custom resource of a scenario that was made by REST."""
    return f"scenario-{scenario}"
