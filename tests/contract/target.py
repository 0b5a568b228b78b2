"""An API server under test: its kubeconfig, an HTTP client, and kubectl."""

import base64
import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

KUBECTL = shutil.which("kubectl")
GROUP = "/apis/contract.test/v1alpha1"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

Json = Any


class Target:
    """One server. Paths are those of the API; answers are httpx responses."""

    def __init__(self, name: str, kubeconfig: Path) -> None:
        self.name = name
        self.kubeconfig = kubeconfig
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        user = config["users"][0]["user"]
        self.url = str(cluster["server"])
        context = ssl.create_default_context(cadata=_plain(cluster["certificate-authority-data"]).decode())
        headers: dict[str, str] = {}
        if "token" in user:
            headers["Authorization"] = f"Bearer {user['token']}"
        else:
            pem = kubeconfig.parent / "contract-client.pem"
            pem.touch(mode=0o600)
            pem.write_bytes(_plain(user["client-certificate-data"]) + b"\n" + _plain(user["client-key-data"]))
            context.load_cert_chain(pem)
        self.context = context
        self.headers = headers
        self.client = httpx.Client(base_url=self.url, verify=context, headers=headers, timeout=30)

    def close(self) -> None:
        self.client.close()

    def get(self, path: str, accept: str = "application/json", **query: str) -> httpx.Response:
        return self.client.get(path, params=query, headers={"Accept": accept})

    def post(self, path: str, body: Json, **query: str) -> httpx.Response:
        return self.client.post(path, json=body, params=query)

    def put(self, path: str, body: Json, **query: str) -> httpx.Response:
        return self.client.put(path, json=body, params=query)

    def patch(self, path: str, body: Json, kind: str = MERGE_PATCH, **query: str) -> httpx.Response:
        return self.client.patch(path, content=json.dumps(body), params=query, headers={"Content-Type": kind})

    def delete(self, path: str, body: Json = None, **query: str) -> httpx.Response:
        return self.client.request("DELETE", path, json=body, params=query)

    @contextmanager
    def watch(self, path: str, accept: str = "application/json", **query: str) -> Iterator[Iterator[Json]]:
        """The decoded events of a watch. Ends after 20 s at the latest, so that a missing event fails a test."""
        parameters = {"watch": "true", "timeoutSeconds": "20", **query}
        with self.client.stream("GET", path, params=parameters, headers={"Accept": accept}) as response:
            assert response.status_code == 200, response.read()
            yield (json.loads(line) for line in response.iter_lines() if line)

    def kubectl(
        self, *arguments: str, stdin: str = "", check: bool = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl against the target."""
        assert KUBECTL is not None
        finished = subprocess.run(
            [KUBECTL, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), **(environment or {})},
        )
        if check:
            assert finished.returncode == 0, f"{arguments}: {finished.stdout}{finished.stderr}"
        return finished


def created(response: httpx.Response) -> Json:
    """The object of a successful create."""
    assert response.status_code == 201, response.text
    return response.json()


def ok(response: httpx.Response) -> Json:
    """The object of a successful call."""
    assert response.status_code == 200, response.text
    return response.json()


def refused(response: httpx.Response, code: int, reason: str) -> Json:
    """The Status of a refused call."""
    status = response.json()
    assert (response.status_code, status["kind"], status["status"]) == (code, "Status", "Failure"), status
    assert (status["code"], status["reason"]) == (code, reason), status
    return status


def causes(status: Json) -> dict[str, str]:
    """Field → message of a Status."""
    return {cause["field"]: cause["message"] for cause in status["details"].get("causes", [])}


def eventually(what: str, probe: Callable[[], Any], seconds: float = 15) -> Any:
    """The first true value of a probe, within a time."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)


def camera(name: str = "", **spec: Json) -> Json:
    """A Camera of the suite's definitions."""
    spec.setdefault("source", {"url": "rtsp://10.0.0.7/a"})
    return {
        "apiVersion": "contract.test/v1alpha1",
        "kind": "Camera",
        "metadata": {"name": name} if name else {},
        "spec": spec,
    }


def pod(name: str, **spec: Json) -> Json:
    """A Pod with one container."""
    spec.setdefault("containers", [{"name": "main", "image": "example/main:1"}])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _plain(text: str) -> bytes:
    return base64.b64decode(text)
