"""The HTTP side: authentication, routing, negotiation, and writing answers and watches."""

import hmac
import sqlite3
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from aiohttp import web

from vap_local.kube import discovery
from vap_local.kube.accept import PLAIN, Accepted, negotiate
from vap_local.kube.calls import Call, resource_call
from vap_local.kube.decoding import Payload, check_kind, decode_object
from vap_local.kube.deleting import Deleter
from vap_local.kube.errors import ApiError, bad_request, internal, method_not_allowed, unauthorized
from vap_local.kube.jsons import JsonObject, encode
from vap_local.kube.kinds import Registry
from vap_local.kube.openapi import OpenApi
from vap_local.kube.podlogs import LogSource, is_running, log_request, no_log_yet
from vap_local.kube.reading import encode_list, find, key_of, list_page, shown
from vap_local.kube.reviews import ANSWERS, review
from vap_local.kube.store import Store
from vap_local.kube.subresources import Subresources
from vap_local.kube.table import partial_metadata, render
from vap_local.kube.version import version_info
from vap_local.kube.watching import Render, Watcher, render_with
from vap_local.kube.writing import Answer, Writer

BODY_LIMIT = 3 * 1024 * 1024
_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
_JSON = "application/json"
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What requests are answered with."""

    store: Store
    registry: Registry
    writer: Writer
    deleter: Deleter
    subresources: Subresources
    openapi: OpenApi
    logs: LogSource | None
    bookmark_seconds: float


class Handler:
    """Answers every request of the server; an instance is the handler of an aiohttp server."""

    def __init__(self, parts: Parts, token: str) -> None:
        self._parts = parts
        self._authorization = f"Bearer {token}".encode()
        self._log = structlog.get_logger("vap_local.kube")

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; every failure becomes a Status."""
        try:
            return await self._answer(request)
        except ApiError as error:
            return _status(error)
        except sqlite3.Error:
            self._log.exception("state_file_failed", path=request.path)
            return _status(internal("the state file cannot be written; see the log of the server"))
        except Exception:  # noqa: BLE001 the last resort: the client gets a Status, the log the traceback
            self._log.exception("request_failed", method=request.method, path=request.path)
            return _status(internal("see the log of the server"))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        reading = request.method in ("GET", "HEAD")
        if reading and path.startswith(_PUBLIC):
            return self._public(path)
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._authorization):
            raise unauthorized()
        document = self._document(request, path)
        if document is not None:
            if not reading:
                raise method_not_allowed()
            return document
        call = resource_call(path, _query(request), self._parts.registry, request.headers.get("User-Agent", ""))
        if reading:
            return await self._read(request, call)
        payload = await _payload(request)
        answer = self._write(request.method, call, payload)
        accepted = negotiate(request.headers.get("Accept", ""))
        body = answer.body if answer.body.get("kind") == "Status" else _converted(call, answer.body, accepted)
        return _json(body, answer.code, answer.warnings)

    # -- documents ----------------------------------------------------------------------------------------------------

    def _public(self, path: str) -> web.Response:
        if path == "/version":
            return _json(version_info())
        if path.split("/")[1] in ("healthz", "livez", "readyz"):
            return web.Response(text="ok")
        return _not_here()

    def _document(self, request: web.BaseRequest, path: str) -> web.Response | None:
        """Discovery and OpenAPI; None where the path is a resource's."""
        parts = path.strip("/").split("/")
        registry = self._parts.registry
        if parts[0] == "openapi":
            return self._openapi(parts)
        if parts[0] not in ("api", "apis"):
            return _not_here()
        if len(parts) > (2 if parts[0] == "api" else 3):
            return None
        if len(parts) == 1:
            accepted = negotiate(request.headers.get("Accept", ""), discovery=True)
            core = parts[0] == "api"
            if accepted.form == "APIGroupDiscoveryList":
                body = discovery.aggregated(registry, core=core, version=accepted.version)
                kind = f"application/json;g=apidiscovery.k8s.io;v={accepted.version};as=APIGroupDiscoveryList"
                return web.Response(body=encode(body), headers={"Content-Type": kind, "Vary": "Accept"})
            address = request.headers.get("Host", "")
            return _json(discovery.core_versions(address) if core else discovery.group_list(registry))
        return _found(self._group_document(parts))

    def _group_document(self, parts: Sequence[str]) -> JsonObject | None:
        if parts[0] == "api":
            return discovery.resource_list(self._parts.registry, "", parts[1])
        if len(parts) == 2:
            return discovery.group(self._parts.registry, parts[1])
        return discovery.resource_list(self._parts.registry, parts[1], parts[2])

    def _openapi(self, parts: Sequence[str]) -> web.Response:
        if len(parts) == 2 and parts[1] == "v2":
            # An empty document in the encoding kubectl asks for: it then uses the types it has built in.
            kind = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
            return web.Response(body=b"", headers={"Content-Type": kind})
        if len(parts) >= 2 and parts[1] == "v3":
            if len(parts) == 2:
                return _json(self._parts.openapi.index())
            document = self._parts.openapi.document("/".join(parts[2:]))
            if document is not None:
                return web.Response(body=document, content_type=_JSON)
        return _not_here()

    # -- reading ------------------------------------------------------------------------------------------------------

    async def _read(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        parts = self._parts
        if call.subresource == "log":
            return await self._stream_log(request, call)
        if call.subresource == "scale":
            return _json(parts.subresources.get_scale(call).body)
        if call.subresource in call.resource.other_subresources or "get" not in call.resource.verbs:
            raise method_not_allowed()
        accepted = negotiate(request.headers.get("Accept", ""))
        if call.flag("watch") and not call.name:
            return await self._watch(request, call, accepted)
        if call.name:
            stored = find(parts.store, call)
            if accepted is PLAIN and call.resource.view is None:
                return web.Response(body=stored.raw, content_type=_JSON)
            return _json(_converted(call, shown(call.resource, stored), accepted))
        page = list_page(parts.store, call)
        if accepted.form == "plain":
            return web.Response(body=b"".join(encode_list(call.resource, page)), content_type=_JSON)
        bodies = [shown(call.resource, stored) for stored in page.items]
        if accepted.form == "Table":
            include = call.query.get("includeObject", "Metadata")
            return _json(render(call.resource, bodies, page.metadata, include=include, head=True))
        kind = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return _json({**kind, "metadata": page.metadata, "items": [partial_metadata(body) for body in bodies]})

    async def _watch(self, request: web.BaseRequest, call: Call, accepted: Accepted) -> web.StreamResponse:
        rendering = _rendering(call, accepted)
        parts = self._parts
        watcher = Watcher(parts.store, call, render=rendering, bookmark_seconds=parts.bookmark_seconds)
        response = web.StreamResponse(headers={"Content-Type": _JSON, "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            async with aclosing(watcher.lines()) as lines:
                async for chunk in lines:
                    await response.write(chunk)
            await response.write_eof()
        except ConnectionError:
            self._log.debug("watch_disconnected", path=request.path)
        return response

    async def _stream_log(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        store = self._parts.store
        pod = find(store, call).body
        wanted = log_request(call, pod, lambda: is_running(_now(store, call), pod["metadata"]["uid"]))
        if self._parts.logs is None:
            raise no_log_yet(wanted)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        async with aclosing(self._parts.logs.read(wanted)) as chunks:
            try:
                first = await anext(chunks, b"")
            except FileNotFoundError:
                raise no_log_yet(wanted) from None
            await response.prepare(request)
            try:
                await response.write(first)
                async for chunk in chunks:
                    await response.write(chunk)
                await response.write_eof()
            except ConnectionError:
                self._log.debug("log_reader_disconnected", path=request.path)
        return response

    # -- writing ------------------------------------------------------------------------------------------------------

    def _write(self, method: str, call: Call, payload: Payload) -> Answer:
        verb = _VERBS.get(method, "")
        if call.subresource:
            return self._write_subresource(verb, call, payload)
        if verb == "delete" and not call.name:
            verb = "deletecollection"
        if verb in ("update", "patch") and not call.name:
            raise bad_request("name must be provided")
        if verb not in call.resource.verbs or (verb == "create" and call.name):
            raise method_not_allowed()
        parts = self._parts
        if call.resource.plural in ANSWERS:
            body = decode_object(payload, call.resource.kind, strict=False).body
            check_kind(body, call.resource)
            return Answer(201, review(call.resource.plural, body))
        if verb == "create":
            return parts.writer.create(call, payload)
        if verb == "update":
            return parts.writer.update(call, payload)
        if verb == "patch":
            return parts.writer.patch(call, payload)
        if verb == "deletecollection":
            return parts.deleter.delete_collection(call, payload)
        return parts.deleter.delete(call, payload)

    def _write_subresource(self, verb: str, call: Call, payload: Payload) -> Answer:
        allowed = discovery.subresources(call.resource)[call.subresource][3]
        if verb not in allowed:
            raise method_not_allowed()
        parts = self._parts
        if call.subresource == "scale":
            return parts.subresources.write_scale(call, payload, patching=verb == "patch")
        if call.subresource == "binding":
            return parts.subresources.bind(call, payload)
        if call.subresource == "eviction":
            return parts.subresources.evict(call, payload)
        return parts.writer.patch(call, payload) if verb == "patch" else parts.writer.update(call, payload)


def _now(store: Store, call: Call) -> JsonObject | None:
    stored = store.get(key_of(call))
    return stored.body if stored is not None else None


def _query(request: web.BaseRequest) -> dict[str, str]:
    return {name: request.rel_url.query[name] for name in request.rel_url.query} if request.rel_url.query_string else {}


async def _payload(request: web.BaseRequest) -> Payload:
    chunks: list[bytes] = []
    left = BODY_LIMIT
    async for chunk in request.content.iter_any():
        left -= len(chunk)
        if left < 0:
            raise _too_large()
        chunks.append(chunk)
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Payload(b"".join(chunks), media_type)


def _too_large() -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {BODY_LIMIT}")


def _converted(call: Call, body: JsonObject, accepted: Accepted) -> JsonObject:
    """An object in the form the client asked for."""
    if accepted.form == "Table":
        metadata = {"resourceVersion": body["metadata"].get("resourceVersion", "")}
        include = call.query.get("includeObject", "Metadata")
        return render(call.resource, [body], metadata, include=include, head=True)
    if accepted.form == "PartialObjectMetadata":
        return partial_metadata(body)
    return body


def _rendering(call: Call, accepted: Accepted) -> Render | None:
    """How a watch shows an object; the columns stand in the first row only."""
    if accepted.form == "plain":
        return None
    if accepted.form == "PartialObjectMetadata":
        return render_with(call.resource, partial_metadata)
    include = call.query.get("includeObject", "Metadata")
    first = True

    def table(body: JsonObject) -> JsonObject:
        nonlocal first
        metadata = {"resourceVersion": body["metadata"]["resourceVersion"]}
        rendered = render(call.resource, [body], metadata, include=include, head=first)
        first = False
        return rendered

    return render_with(call.resource, table)


def _json(body: JsonObject, code: int = 200, warnings: Sequence[str] = ()) -> web.Response:
    response = web.Response(body=encode(body), status=code, content_type=_JSON)
    for warning in warnings:
        text = warning.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{text}"')
    return response


def _status(error: ApiError) -> web.Response:
    response = _json(error.status(), error.code)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _found(body: JsonObject | None) -> web.Response:
    return _not_here() if body is None else _json(body)


def _not_here() -> web.Response:
    return web.Response(status=404, text="404 page not found\n")
