"""A small synchronous client of the Kubernetes API for tests: independent of the operator's own."""

import base64
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx
import yaml

JsonObject = dict[str, Any]

PATHS = {
    "videoscenarios": "/apis/vap.dev/v1alpha1/namespaces/{}/videoscenarios",
    "runnerpools": "/apis/vap.dev/v1alpha1/namespaces/{}/runnerpools",
    "pods": "/api/v1/namespaces/{}/pods",
    "secrets": "/api/v1/namespaces/{}/secrets",
    "events": "/api/v1/namespaces/{}/events",
}


def _context(cluster: JsonObject, user: JsonObject) -> ssl.SSLContext | bool:
    if not cluster["server"].startswith("https"):
        return False
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    if "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder) / "crt", Path(folder) / "key"
            certificate.write_bytes(base64.b64decode(user["client-certificate-data"]))
            key.write_bytes(base64.b64decode(user["client-key-data"]))
            context.load_cert_chain(certificate, key)
    return context


class KubeClient:
    """Calls within one namespace, with the rights of the kubeconfig."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        user = config["users"][0]["user"]
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self.namespace = namespace
        self.http = httpx.Client(
            base_url=cluster["server"], verify=_context(cluster, user), headers=headers, timeout=20, trust_env=False
        )

    def close(self) -> None:
        self.http.close()

    def _path(self, plural: str, name: str = "", subresource: str = "") -> str:
        return "/".join(filter(None, (PATHS[plural].format(self.namespace), name, subresource)))

    def create(self, plural: str, body: JsonObject) -> JsonObject:
        return self._json(self.http.post(self._path(plural), json=body))

    def list(self, plural: str) -> list[JsonObject]:
        items: list[JsonObject] = self._json(self.http.get(self._path(plural)))["items"]
        return items

    def get(self, plural: str, name: str) -> JsonObject | None:
        response = self.http.get(self._path(plural, name))
        return None if response.status_code == 404 else self._json(response)

    def patch(self, plural: str, name: str, patch: JsonObject, subresource: str = "") -> JsonObject:
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._json(self.http.patch(self._path(plural, name, subresource), json=patch, headers=headers))

    def delete(self, plural: str, name: str, *, now: bool = False) -> None:
        body = {"gracePeriodSeconds": 0} if now else {}
        response = self.http.request("DELETE", self._path(plural, name), json=body)
        if response.status_code != 404:
            self._json(response)

    @staticmethod
    def _json(response: httpx.Response) -> JsonObject:
        assert response.is_success, f"{response.request.method} {response.url}: {response.text}"
        answer: JsonObject = response.json()
        return answer
