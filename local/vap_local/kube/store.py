"""Objects, their revisions and the recent history, in memory with one SQLite file behind.

Every change gets the next *revision* (the ``resourceVersion`` of the API) and is one row of one table, written and
committed before memory changes and before anybody is told, so an acknowledged write survives ``kill -9``. The rows are
also the history: a row is removed only when it is older than the history kept and a newer row of the same object exists
(or it marks a deletion). So revisions and recent watch history continue across a restart.

The commits need no fsync to survive the death of the process (SQLite, "Write-Ahead Logging", synchronous=NORMAL); the
log is folded into the database file by another thread, so that no request waits for the disk.

Everything here runs in the thread of the event loop and never awaits: a method is atomic to its callers.
"""

import asyncio
import fcntl
import os
import sqlite3
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, NamedTuple

from vap_local.kube.jsons import JsonObject, clone, decode, encode

EventType = Literal["ADDED", "MODIFIED", "DELETED"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    storage TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_FORMAT = 1
_TRIM_BATCH = 256
_CHECKPOINT_AFTER_WRITES = 1000


class StateInUseError(RuntimeError):
    """Another process serves this state file. Stop it first, or choose another state directory."""


class StateFormatError(RuntimeError):
    """The state file was written by a newer version. Use that version, or remove the file to start empty."""


class Key(NamedTuple):
    """Where an object is kept: storage (``plural`` or ``plural.group``), namespace ("" for cluster scope), name."""

    storage: str
    namespace: str
    name: str


class Stored:
    """One version of one object. ``raw`` is its JSON; ``body`` the same, decoded when first asked for; edit a clone."""

    __slots__ = ("_body", "key", "raw", "revision")

    def __init__(self, key: Key, revision: int, raw: bytes, body: JsonObject | None = None) -> None:
        self.key = key
        self.revision = revision
        self.raw = raw
        self._body = body

    @property
    def body(self) -> JsonObject:
        """The decoded object, shared by all readers."""
        if self._body is None:
            decoded: JsonObject = decode(self.raw)
            self._body = decoded
        return self._body

    def release(self) -> None:
        """Drop the decoded form of a version that is only history now."""
        self._body = None


@dataclass(frozen=True, slots=True)
class Event:
    """A change: ``now`` is the object after it (for DELETED its last state), ``before`` the version it replaced."""

    type: EventType
    revision: int
    now: Stored
    before: Stored | None


@dataclass(eq=False, slots=True)
class Subscription:
    """The events of one storage, in order, as they are committed. Falls behind at ``limit`` waiting events."""

    storage: str
    limit: int
    pending: deque[Event] = field(default_factory=deque)
    wakeup: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def publish(self, event: Event) -> None:
        """Hand over an event; ends the subscription when its reader is too slow."""
        if self.ended:
            return
        if len(self.pending) >= self.limit:
            self.end()
            return
        self.pending.append(event)
        self.wakeup.set()

    def end(self) -> None:
        """Wake the reader for the last time."""
        self.ended = True
        self.wakeup.set()

    def drain(self) -> list[Event]:
        """All waiting events."""
        events = list(self.pending)
        self.pending.clear()
        if not self.ended:
            self.wakeup.clear()
        return events


class HistoryGoneError(LookupError):
    """The history before ``floor`` is no longer kept."""

    def __init__(self, floor: int) -> None:
        super().__init__(f"history before revision {floor} is gone")
        self.floor = floor


class Store:
    """See the module. One instance owns one state file."""

    def __init__(
        self,
        path: Path,
        *,
        history_events: int = 10_000,
        history_bytes: int = 32 * 1024 * 1024,
        subscription_limit: int = 20_000,
    ) -> None:
        self._path = path
        self._history_events = history_events
        self._history_bytes = history_bytes
        self._subscription_limit = subscription_limit
        self._objects: dict[str, dict[tuple[str, str], Stored]] = {}
        self._history: deque[Event] = deque()
        self._history_size = 0
        self._trimmed: list[int] = []
        self._subscriptions: dict[str, set[Subscription]] = {}
        self.listeners: list[Callable[[Event], None]] = []
        """Called for each change, right after it is committed; they may write in turn only later."""
        self._writes_since_checkpoint = 0
        self._checkpoint: asyncio.Task[None] | None = None
        self._database: sqlite3.Connection | None = None
        self._lock: IO[str] | None = None
        self.revision = 1
        self.floor = 1
        """Watches and exact reads can start at this revision or a later one."""

    # -- life ---------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take the state file and load it.

        Raises:
            StateInUseError: another process serves it.
            StateFormatError: a newer version wrote it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(self._path.with_name(self._path.name + ".lock"))
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)  # Secrets are in it
        os.close(descriptor)
        self._database = self._connect()
        self._database.executescript(_SCHEMA)
        meta = dict(self._database.execute("SELECT key, value FROM meta"))
        if meta.setdefault("format", _FORMAT) != _FORMAT:
            raise StateFormatError(f"{self._path} has format {meta['format']}, this version reads {_FORMAT}")
        self._database.execute("INSERT OR REPLACE INTO meta VALUES ('format', ?)", (_FORMAT,))
        self.floor = meta.get("floor", 1)
        self.revision = max(self.floor, meta.get("revision", 1))
        self._load()

    def close(self) -> None:
        """Fold the log into the file and let go of it. Subscriptions end."""
        self.end_all_subscriptions()
        if self._database is not None:
            self._forget_trimmed()
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.close()
            self._database = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def settle(self) -> None:
        """Wait for the background checkpoint; call before :meth:`close`."""
        if self._checkpoint is not None:
            await self._checkpoint

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.execute("PRAGMA busy_timeout=5000")
        return database

    def _load(self) -> None:
        assert self._database is not None
        rows = self._database.execute(
            "SELECT revision, storage, namespace, name, deleted, body FROM log ORDER BY revision"
        )
        for revision, storage, namespace, name, deleted, raw in rows:
            stored = Stored(Key(storage, namespace, name), revision, raw)
            table = self._objects.setdefault(storage, {})
            before = table.get((namespace, name))
            if deleted:
                table.pop((namespace, name), None)
            else:
                table[namespace, name] = stored
            self.revision = max(self.revision, revision)
            if revision > self.floor:
                kind: EventType = "DELETED" if deleted else "MODIFIED" if before else "ADDED"
                self._remember(Event(kind, revision, stored, before))
        self._trim()

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, key: Key) -> Stored | None:
        """The object now, or None."""
        return self._objects.get(key.storage, {}).get((key.namespace, key.name))

    def items(self, storage: str, namespace: str | None = None) -> list[Stored]:
        """The objects of a storage in the order of lists: by namespace, then name."""
        table = self._objects.get(storage, {})
        if namespace is not None:
            found = [stored for (space, _), stored in table.items() if space == namespace]
        else:
            found = list(table.values())
        found.sort(key=lambda stored: (stored.key.namespace, stored.key.name))
        return found

    def count(self, storage: str) -> int:
        """How many objects a storage holds."""
        return len(self._objects.get(storage, {}))

    def storages(self) -> Iterator[str]:
        """The storages that hold anything."""
        return iter([storage for storage, table in self._objects.items() if table])

    def items_at(self, storage: str, revision: int, namespace: str | None = None) -> list[Stored]:
        """The objects as they were at a revision.

        Raises:
            HistoryGoneError: the revision is older than the history.
        """
        if revision >= self.revision:
            return self.items(storage, namespace)
        if revision < self.floor:
            raise HistoryGoneError(self.floor)
        table = dict(self._objects.get(storage, {}))
        for event in reversed(self._history):
            if event.revision <= revision:
                break
            if event.now.key.storage != storage:
                continue
            place = (event.now.key.namespace, event.now.key.name)
            if event.before is None:
                table.pop(place, None)
            else:
                table[place] = event.before
        found = [stored for stored in table.values() if namespace is None or stored.key.namespace == namespace]
        found.sort(key=lambda stored: (stored.key.namespace, stored.key.name))
        return found

    def subscribe(self, storage: str, after: int) -> Subscription:
        """Events of a storage later than a revision, first those of the history.

        Raises:
            HistoryGoneError: the revision is older than the history.
        """
        if after < self.floor:
            raise HistoryGoneError(self.floor)
        subscription = Subscription(storage, self._subscription_limit)
        if after < self.revision:
            later: list[Event] = []
            for event in reversed(self._history):
                if event.revision <= after:
                    break
                if event.now.key.storage == storage:
                    later.append(event)
            subscription.pending.extend(reversed(later))
            if later:
                subscription.wakeup.set()
        self._subscriptions.setdefault(storage, set()).add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop the events of a subscription."""
        self._subscriptions.get(subscription.storage, set()).discard(subscription)

    def end_subscriptions(self, storage: str) -> None:
        """End every watch of a storage: its definition changed or went."""
        for subscription in self._subscriptions.get(storage, set()):
            subscription.end()

    def end_all_subscriptions(self) -> None:
        """End every watch: the server stops."""
        for storage in self._subscriptions:
            self.end_subscriptions(storage)

    # -- writing ------------------------------------------------------------------------------------------------------

    def put(self, key: Key, body: JsonObject) -> Stored:
        """Write an object. Takes over ``body`` and sets its resourceVersion.

        Raises:
            sqlite3.Error: nothing was written (disk full, for one); memory is unchanged.
        """
        revision = self.revision + 1
        body["metadata"]["resourceVersion"] = str(revision)
        stored = Stored(key, revision, encode(body), body)
        self._append(stored, deleted=False)
        table = self._objects.setdefault(key.storage, {})
        before = table.get((key.namespace, key.name))
        table[key.namespace, key.name] = stored
        self._commit(Event("MODIFIED" if before else "ADDED", revision, stored, before))
        return stored

    def delete(self, key: Key, body: JsonObject) -> Stored:
        """Remove an object; ``body`` is its last state as watchers see it.

        Raises:
            sqlite3.Error: nothing was written; memory is unchanged.
        """
        revision = self.revision + 1
        body["metadata"]["resourceVersion"] = str(revision)
        stored = Stored(key, revision, encode(body), body)
        self._append(stored, deleted=True)
        before = self._objects[key.storage].pop((key.namespace, key.name))
        self._commit(Event("DELETED", revision, stored, before))
        return stored

    def reshape(self, storage: str, change: Callable[[JsonObject], None]) -> None:
        """Change how the objects of a storage read, without a new revision: what a new schema's defaults do."""
        table = self._objects.get(storage, {})
        for place, stored in table.items():
            body = clone(stored.body)
            change(body)
            table[place] = Stored(stored.key, stored.revision, encode(body), body)

    def _append(self, stored: Stored, *, deleted: bool) -> None:
        if self._database is None:
            raise sqlite3.ProgrammingError("the store is closed")
        self._database.execute(
            "INSERT INTO log (revision, storage, namespace, name, deleted, body) VALUES (?, ?, ?, ?, ?, ?)",
            (stored.revision, *stored.key, deleted, stored.raw),
        )

    def _commit(self, event: Event) -> None:
        self.revision = event.revision
        self._remember(event)
        for subscription in self._subscriptions.get(event.now.key.storage, ()):
            subscription.publish(event)
        for listener in self.listeners:
            listener(event)
        if event.before is not None:
            event.before.release()
        if event.type == "DELETED":
            event.now.release()
        self._trim()
        self._writes_since_checkpoint += 1
        if self._writes_since_checkpoint >= _CHECKPOINT_AFTER_WRITES:
            self._start_checkpoint()

    # -- history ------------------------------------------------------------------------------------------------------

    def _remember(self, event: Event) -> None:
        self._history.append(event)
        self._history_size += len(event.now.raw)

    def _trim(self) -> None:
        while self._history and (len(self._history) > self._history_events or self._history_size > self._history_bytes):
            event = self._history.popleft()
            self._history_size -= len(event.now.raw)
            self.floor = event.revision
            if event.before is not None:
                self._trimmed.append(event.before.revision)
            if event.type == "DELETED":
                self._trimmed.append(event.revision)
        if len(self._trimmed) >= _TRIM_BATCH:
            self._forget_trimmed()

    def _forget_trimmed(self) -> None:
        """Delete the rows that neither the history nor the present needs, with the floor they leave behind."""
        assert self._database is not None
        rows = [(revision,) for revision in self._trimmed]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("DELETE FROM log WHERE revision = ?", rows)
        self._database.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [("floor", self.floor), ("revision", self.revision)]
        )
        self._database.execute("COMMIT")
        self._trimmed.clear()

    def _start_checkpoint(self) -> None:
        if self._checkpoint is not None and not self._checkpoint.done():
            return
        self._writes_since_checkpoint = 0
        with suppress(RuntimeError):  # no loop: a tool that only writes a few objects
            self._checkpoint = asyncio.get_running_loop().create_task(asyncio.to_thread(self._fold_log))

    def _fold_log(self) -> None:
        database = self._connect()
        try:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            database.close()


def position(items: list[Stored], after: tuple[str, str]) -> int:
    """Where a sorted list continues after a (namespace, name)."""
    return bisect_right(items, after, key=lambda stored: (stored.key.namespace, stored.key.name))


def _take_lock(path: Path) -> IO[str]:
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StateInUseError(f"another process serves {path.with_suffix('')}; stop it first") from None
    return lock
