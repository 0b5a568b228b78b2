"""Requests to an API server: typed errors, time limits, and watches as asynchronous iterators."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

from vap_local.kubeclient.connection import KubeConnection
from vap_local.kubeclient.errors import KubeApiError

JsonObject = dict[str, Any]

REQUEST_TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
MAX_WATCH_LINE = 4 * 1024 * 1024


def resource_path(plural: str, namespace: str | None = None, name: str = "", *, group: str = "v1") -> str:
    """The path of a resource; `group` is `v1` for the core group, else `GROUP/VERSION`."""
    parts = ["/api/v1" if group == "v1" else f"/apis/{group}"]
    if namespace is not None:
        parts.append(f"namespaces/{namespace}")
    parts.append(plural)
    if name:
        parts.append(name)
    return "/".join(parts)


class KubeClient:
    """One session with one API server. Use it as an asynchronous context manager.

    Raises KubeApiError for what the server refuses, aiohttp.ClientError and TimeoutError for what did not
    reach it.
    """

    def __init__(self, connection: KubeConnection) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"Accept": "application/json"}
        if self._connection.token is not None:
            headers["Authorization"] = f"Bearer {self._connection.token}"
        self._session = aiohttp.ClientSession(
            self._connection.server,
            headers=headers,
            connector=aiohttp.TCPConnector(ssl=self._connection.tls or False),
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
            read_bufsize=MAX_WATCH_LINE,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            # The sockets themselves are closed by callbacks in the next round of the event loop.
            await asyncio.sleep(0)

    async def get(self, path: str, **query: str) -> JsonObject:
        """An object or a list."""
        return await self._request("GET", path, query=query)

    async def create(self, path: str, body: JsonObject) -> JsonObject:
        """Creates an object; a conflict means that it exists."""
        return await self._request("POST", path, body=body)

    async def replace(self, path: str, body: JsonObject) -> JsonObject:
        """Replaces an object that is still at the resourceVersion in `body`."""
        return await self._request("PUT", path, body=body)

    async def merge(self, path: str, body: JsonObject) -> JsonObject:
        """JSON merge patch (RFC 7386)."""
        return await self._request("PATCH", path, body=body, content_type="application/merge-patch+json")

    async def delete(self, path: str, *, uid: str | None = None, grace_s: int | None = None) -> JsonObject:
        """Deletes an object, or begins to; only the one with `uid` where that is given."""
        options: JsonObject = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        return await self._request("DELETE", path, body=options)

    async def is_ready(self) -> bool:
        """Whether the server answers that it is ready."""
        try:
            async with self._open.get("/readyz", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def watch(
        self, path: str, resource_version: str, query: Mapping[str, str] | None = None, *, timeout_s: int = 300
    ) -> AsyncIterator[JsonObject]:
        """The events since `resource_version`, until the server ends the watch after about `timeout_s` seconds.

        Bookmarks come too. Raises KubeApiError for an ERROR event. Silence for longer than a server's
        bookmark interval ends it with TimeoutError: a connection may be dead without a word.
        """
        parameters = {
            **(query or {}),
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(timeout_s),
        }
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=timeout_s + 15)
        async with self._open.get(path, params=parameters, timeout=limits) as answer:
            if answer.status != HTTPStatus.OK:
                raise await _error_of(answer)
            async for line in answer.content:
                event: JsonObject = json.loads(line)
                if event["type"] == "ERROR":
                    raise _error_from_status(event["object"])
                yield event

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonObject | None = None,
        content_type: str = "application/json",
    ) -> JsonObject:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        async with self._open.request(method, path, params=query, data=data, headers=headers) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise await _error_of(answer)
            result: JsonObject = await answer.json(content_type=None)
            return result

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is used outside of its context")
        return self._session


async def _error_of(answer: aiohttp.ClientResponse) -> KubeApiError:
    text = await answer.text()
    try:
        status: JsonObject = json.loads(text)
    except ValueError:
        return KubeApiError(answer.status, answer.reason or "", text[:500])
    return _error_from_status(status | {"code": answer.status})


def _error_from_status(status: JsonObject) -> KubeApiError:
    return KubeApiError(int(status.get("code") or 0), str(status.get("reason") or ""), str(status.get("message") or ""))
