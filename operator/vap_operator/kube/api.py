"""A thin client for the few calls that the operator makes: plain JSON in and out, typed errors, a metric per call.

The generated client brings the transport and the authentication; its models would parse every object twice.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient

from vap_operator.kube.errors import NotLeadingError, UnavailableError, error_from_status
from vap_operator.kube.resources import LEASES, Resource
from vap_operator.metrics import Metrics
from vap_operator.resources.base import JsonObject

REQUEST_TIMEOUT_S = 30.0
CHUNK = 500
MERGE_PATCH = "application/merge-patch+json"
FIELD_MANAGER = "vap-operator"


class KubeApi:
    """Calls within one namespace. Every method raises KubeError's subclasses, nothing else of the transport."""

    def __init__(self, client: ApiClient, namespace: str, metrics: Metrics) -> None:
        self._client = client
        self._namespace = namespace
        self._metrics = metrics
        self._may_write: Callable[[], bool] = lambda: True

    def write_only_while(self, leading: Callable[[], bool]) -> None:
        """From now on every change but that of a Lease raises NotLeadingError when `leading()` is false."""
        self._may_write = leading

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def list(self, resource: Resource, *, label_selector: str | None = None) -> list[JsonObject]:
        """All objects, in chunks: a consistent read, not one of a cache."""
        items: list[JsonObject] = []
        token = ""
        while True:
            query = {"limit": str(CHUNK), "continue": token, "labelSelector": label_selector or ""}
            page = await self._call("GET", resource, query=query)
            items.extend(page["items"])
            token = page["metadata"].get("continue") or ""
            if not token:
                return items

    async def get(self, resource: Resource, name: str) -> JsonObject:
        """One object: a consistent read."""
        return await self._call("GET", resource, name)

    async def create(self, resource: Resource, body: JsonObject) -> JsonObject:
        """Creates `body` and returns it as stored. Raises AlreadyExistsError."""
        return await self._call("POST", resource, body=body, query={"fieldManager": FIELD_MANAGER})

    async def merge_patch(
        self, resource: Resource, name: str, patch: JsonObject, *, subresource: str | None = None
    ) -> JsonObject:
        """Merges `patch` (RFC 7386) and returns the whole object.

        With `metadata.resourceVersion` in the patch it is conditional: ConflictError when the object has changed.
        """
        return await self._call("PATCH", resource, name, subresource, body=patch, query={"fieldManager": FIELD_MANAGER})

    async def delete(self, resource: Resource, name: str, *, uid: str) -> None:
        """Deletes the object only if it is that very one. Raises ConflictError for another of the same name."""
        await self._call("DELETE", resource, name, body={"preconditions": {"uid": uid}})

    async def _call(
        self,
        method: str,
        resource: Resource,
        name: str | None = None,
        subresource: str | None = None,
        *,
        body: JsonObject | None = None,
        query: dict[str, str] | None = None,
    ) -> JsonObject:
        what = f"{method} {resource.plural}{'/' + name if name else ''}{'/' + subresource if subresource else ''}"
        if method != "GET" and resource is not LEASES and not self._may_write():
            raise NotLeadingError(what)
        outcome = "error"
        try:
            answer = await self._send(method, resource.path(self._namespace, name, subresource), body, query)
            outcome = str(answer[0])
            return self._result(what, *answer)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise UnavailableError(what, 0, type(error).__name__, "the API server did not answer") from error
        finally:
            self._metrics.api_requests.labels(method, resource.plural, subresource or "", outcome).inc()

    async def _send(
        self, method: str, path: str, body: JsonObject | None, query: dict[str, str] | None
    ) -> tuple[int, bytes, float | None]:
        headers = {
            "Accept": "application/json",
            "Content-Type": MERGE_PATCH if method == "PATCH" else "application/json",
        }
        http_method, url, headers, _, _ = await self._client.param_serialize(
            method, path, header_params=headers, auth_settings=["BearerToken"]
        )
        given = {key: value for key, value in (query or {}).items() if value}
        if given:
            url = f"{url}?{urlencode(given)}"
        response = await self._client.call_api(
            http_method, url, headers, body, _request_timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        )
        retry_after = response.headers.get("Retry-After", "")
        content = cast("bytes", await response.read())  # type: ignore[no-untyped-call]
        return response.status, content, float(retry_after) if retry_after.isdigit() else None

    @staticmethod
    def _result(what: str, status: int, content: bytes, retry_after_s: float | None) -> JsonObject:
        try:
            answer: Any = json.loads(content) if content else {}
        except ValueError:
            answer = {}
        if 200 <= status < 300 and isinstance(answer, dict):
            return answer
        problem = answer if isinstance(answer, dict) else {}
        reason = str(problem.get("reason") or "")
        raise error_from_status(what, status, reason, str(problem.get("message") or ""), retry_after_s)
