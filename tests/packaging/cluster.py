"""The few calls that these tests make to a real API server."""

import contextlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException

from tests.support.waiting import wait_for

Manifest = dict[str, Any]
SERVER_SIDE_APPLY = "application/apply-patch+yaml"


class RefusedError(AssertionError):
    """The API server's own words."""


class Cluster:
    """An admin's client; `user` acts as somebody else."""

    def __init__(self, kubeconfig: Path, user: str | None = None) -> None:
        self.kubeconfig = kubeconfig
        self._api = config.new_client_from_config(str(kubeconfig))
        if user:
            self._api.set_default_header("Impersonate-User", user)
        self._dynamic = dynamic.DynamicClient(self._api)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()

    def acting_as(self, user: str) -> "Cluster":
        """The same server, seen as `user`."""
        return Cluster(self.kubeconfig, user)

    def define(self, definition: Manifest) -> None:
        """Applies a custom resource definition, strictly, and waits until it is served."""
        name = definition["metadata"]["name"]
        definitions = self._resource(definition)
        answer = self._call(
            lambda: definitions.patch(
                body=definition,
                name=name,
                content_type=SERVER_SIDE_APPLY,
                query_params=[("fieldManager", "tests"), ("force", "true"), ("fieldValidation", "Strict")],
            )
        )
        assert answer["metadata"]["name"] == name

        def established() -> bool:
            conditions = (self.get(definition).get("status") or {}).get("conditions") or []
            return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)

        wait_for(established, f"{name} to be served")
        self._dynamic.resources.invalidate_cache()

    def create(self, body: Manifest, namespace: str | None = None, *, dry_run: bool = False) -> Manifest:
        """Creates the object as strictly as the server can. Raises RefusedError."""
        query = [("fieldValidation", "Strict"), *([("dryRun", "All")] if dry_run else [])]
        resource = self._resource(body)
        return self._call(lambda: resource.create(body=body, namespace=namespace, query_params=query))

    def merge(self, body: Manifest, patch: Manifest, namespace: str, subresource: str | None = None) -> Manifest:
        """Merge-patches the object that `body` names. Raises RefusedError."""
        resource = self._resource(body)
        target = getattr(resource, subresource) if subresource else resource
        name = body["metadata"]["name"]
        return self._call(
            lambda: target.patch(
                body=patch, name=name, namespace=namespace, content_type="application/merge-patch+json"
            )
        )

    def get(self, body: Manifest, namespace: str | None = None) -> Manifest:
        """The object as it is now. Raises RefusedError where there is none."""
        resource = self._resource(body)
        return self._call(lambda: resource.get(name=body["metadata"]["name"], namespace=namespace))

    def exists(self, body: Manifest, namespace: str | None = None) -> bool:
        """Whether there is such an object."""
        try:
            self.get(body, namespace)
        except RefusedError:
            return False
        return True

    def core(self) -> client.CoreV1Api:
        """The generated client of the core API."""
        return client.CoreV1Api(self._api)

    def _resource(self, body: Manifest) -> Any:
        return self._dynamic.resources.get(api_version=body["apiVersion"], kind=body["kind"])

    @staticmethod
    def _call(request: Any) -> Manifest:
        try:
            answer: Manifest = request().to_dict()
            return answer
        except ApiException as error:
            body = error.body or ""
            with contextlib.suppress(ValueError, KeyError):
                body = json.loads(body)["message"]
            raise RefusedError(f"{error.status}: {body}") from None
