"""Watches: the events of one list, from a revision on, for as long as the client likes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress

from vap_local.kube.calls import Call
from vap_local.kube.errors import ApiError, bad_request, expired
from vap_local.kube.jsons import JsonObject, encode
from vap_local.kube.kinds import Resource
from vap_local.kube.reading import parse_revision, raw, shown
from vap_local.kube.store import Event, HistoryGoneError, Store, Stored, Subscription

INITIAL_EVENTS_END = "k8s.io/initial-events-end"

Render = Callable[[Stored], bytes]
"""How an object is shown in a watch: as itself, as a table row, as metadata only."""


class Watcher:
    """One watch. :meth:`lines` yields chunks of newline-delimited watch events until the watch ends."""

    def __init__(self, store: Store, call: Call, *, render: Render | None, bookmark_seconds: float) -> None:
        """Check the parameters and subscribe.

        Raises:
            ApiError: 400.
        """
        self._store = store
        self._resource = call.resource
        self._selector = call.selector
        self._namespace = call.namespace
        self._render = render or (lambda stored: raw(call.resource, stored))
        self._bookmarks = call.flag("allowWatchBookmarks")
        self._bookmark_seconds = bookmark_seconds
        self._timeout = call.number("timeoutSeconds")
        self._initial_bookmark = False
        self._initial: list[Stored] = []
        self._error: ApiError | None = None
        self._subscription: Subscription | None = None
        self._begin(call)

    def _begin(self, call: Call) -> None:
        revision = parse_revision(call.query.get("resourceVersion", ""))
        send_initial = call.query.get("sendInitialEvents")
        if send_initial is not None:
            if call.query.get("resourceVersionMatch") != "NotOlderThan":
                words = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
                raise bad_request(f"resourceVersionMatch: Forbidden: {words}")
            initial = call.flag("sendInitialEvents")
            self._initial_bookmark = initial and self._bookmarks
        else:
            initial = revision == 0
        if initial or revision == 0:
            revision = self._store.revision
        if initial:
            items = self._store.items(self._resource.storage_key, self._namespace or None)
            self._initial = [stored for stored in items if self._selects(stored)]
        try:
            self._subscription = self._store.subscribe(self._resource.storage_key, min(revision, self._store.revision))
        except HistoryGoneError as gone:
            self._error = expired(f"too old resource version: {revision} ({gone.floor})")
        self._after = revision

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """The watch, as chunks of whole lines."""
        if self._error is not None or self._subscription is None:
            status = self._error.status() if self._error else {}
            yield encode({"type": "ERROR", "object": status}) + b"\n"
            return
        deadline = None if self._timeout is None else asyncio.get_running_loop().time() + self._timeout
        try:
            if self._initial:
                yield b"".join(_line("ADDED", self._render(stored)) for stored in self._initial)
                self._initial = []
            if self._initial_bookmark:
                yield self._bookmark({INITIAL_EVENTS_END: "true"})
            while True:
                ended = await self._wait(deadline)
                chunk = b"".join(self._changes(self._subscription.drain()))
                if chunk:
                    yield chunk
                elif self._bookmarks and not ended:
                    yield self._bookmark(None)
                if ended:
                    return
        finally:
            self._store.unsubscribe(self._subscription)

    async def _wait(self, deadline: float | None) -> bool:
        """Wait for events, or until a bookmark is due; True when the watch is over."""
        subscription = self._subscription
        assert subscription is not None
        seconds = self._bookmark_seconds
        if deadline is not None:
            seconds = min(seconds, deadline - asyncio.get_running_loop().time())
        if not subscription.wakeup.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(subscription.wakeup.wait(), max(seconds, 0))
        return subscription.ended or (deadline is not None and asyncio.get_running_loop().time() >= deadline)

    def _changes(self, events: Iterable[Event]) -> Iterable[bytes]:
        for event in events:
            if event.revision <= self._after:
                continue
            kind = event.type
            selected = self._selects(event.now)
            if self._selector and event.before is not None:
                was = self._selects(event.before)
                if not was and not selected:
                    continue
                if kind == "MODIFIED":
                    kind = "MODIFIED" if was and selected else "ADDED" if selected else "DELETED"
                elif not was:
                    continue
                if kind == "DELETED" and event.type == "MODIFIED":
                    yield _line(kind, self._render(_with_revision(event.before, event.revision)))
                    continue
            elif not selected:
                continue
            yield _line(kind, self._render(event.now))

    def _selects(self, stored: Stored) -> bool:
        if self._namespace and stored.key.namespace != self._namespace:
            return False
        return not self._selector or self._selector.matches(stored.body)

    def _bookmark(self, annotations: JsonObject | None) -> bytes:
        metadata: JsonObject = {"resourceVersion": str(self._store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind, version = self._resource.kind, self._resource.api_version
        return (
            encode({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": version, "metadata": metadata}}) + b"\n"
        )


def _line(kind: str, body: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), body)


def _with_revision(stored: Stored, revision: int) -> Stored:
    """The last selected state of an object that left a selection, at the revision at which it left."""
    body = {**stored.body, "metadata": {**stored.body["metadata"], "resourceVersion": str(revision)}}
    return Stored(stored.key, revision, encode(body), body)


def render_with(resource: Resource, convert: Callable[[JsonObject], JsonObject]) -> Render:
    """A rendering by a conversion of the object."""
    return lambda stored: encode(convert(shown(resource, stored)))
