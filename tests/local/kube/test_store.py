"""The store: history, trimming, restarts, refusals."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vap_local.kube.store import HistoryGoneError, Key, StateFormatError, StateInUseError, Store

STORAGE = "things"


def key(name: str) -> Key:
    return Key(STORAGE, "default", name)


def body(name: str, **fields: object) -> dict[str, object]:
    return {"metadata": {"name": name}, **fields}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Store]:
    def build(**options: int) -> Store:
        store = Store(tmp_path / "state.sqlite", **options)
        store.open()
        return store

    return build


def contents(store: Store) -> dict[str, bytes]:
    return {stored.key.name: stored.raw for stored in store.items(STORAGE)}


def rows(store: Store, path: Path) -> int:
    with sqlite3.connect(path) as database:
        count: int = database.execute("SELECT count(*) FROM log").fetchone()[0]
    database.close()
    return count


def test_trimmed_history_is_gone_from_memory_and_file(make: Callable[..., Store], tmp_path: Path) -> None:
    store = make(history_events=10)
    for number in range(1000):
        store.put(key("a"), body("a", n=number))
    store.put(key("b"), body("b"))
    store.delete(key("b"), body("b"))
    with pytest.raises(HistoryGoneError):
        store.subscribe(STORAGE, 1)
    with pytest.raises(HistoryGoneError):
        store.items_at(STORAGE, store.floor - 1)
    assert store.floor == store.revision - 10
    store.close()
    assert rows(store, tmp_path / "state.sqlite") <= 12
    again = make(history_events=10)
    assert (again.revision, again.floor) == (store.revision, store.floor)
    assert list(contents(again)) == ["a"]
    again.close()


def test_revisions_continue_although_the_newest_row_is_trimmed(make: Callable[..., Store]) -> None:
    store = make(history_events=0)
    store.put(key("a"), body("a"))
    store.delete(key("a"), body("a"))
    revision = store.revision
    store.close()
    again = make(history_events=0)
    assert again.revision == revision
    again.close()


def test_history_is_bounded_in_bytes_too(make: Callable[..., Store]) -> None:
    store = make(history_bytes=10_000)
    for _ in range(100):
        store.put(key("a"), body("a", text="x" * 1000))
    assert store.revision - store.floor <= 10
    store.close()


def test_a_write_that_fails_changes_nothing(make: Callable[..., Store]) -> None:
    store = make()
    store.put(key("a"), body("a"))
    subscription = store.subscribe(STORAGE, store.revision)
    before = (store.revision, contents(store))
    store._database.execute("PRAGMA query_only=ON")  # type: ignore[union-attr]
    with pytest.raises(sqlite3.OperationalError):
        store.put(key("a"), body("a", changed=True))
    assert (store.revision, contents(store)) == before
    assert subscription.drain() == []
    store._database.execute("PRAGMA query_only=OFF")  # type: ignore[union-attr]
    store.close()


def test_a_slow_reader_is_cut_off_instead_of_filling_memory(make: Callable[..., Store]) -> None:
    store = make(subscription_limit=3)
    subscription = store.subscribe(STORAGE, store.revision)
    for number in range(5):
        store.put(key("a"), body("a", n=number))
    assert subscription.ended
    assert len(subscription.drain()) == 3
    store.close()


def test_a_state_file_has_one_owner_and_one_format(make: Callable[..., Store], tmp_path: Path) -> None:
    store = make()
    with pytest.raises(StateInUseError):
        make()
    store.close()
    with sqlite3.connect(tmp_path / "state.sqlite") as database:
        database.execute("UPDATE meta SET value = 99 WHERE key = 'format'")
    database.close()
    newer = Store(tmp_path / "state.sqlite")
    with pytest.raises(StateFormatError):
        newer.open()
    newer.close()


OPERATIONS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40)


@settings(max_examples=40, deadline=None)
@given(operations=OPERATIONS, history=st.integers(min_value=0, max_value=8))
def test_the_past_is_what_it_was(tmp_path_factory: pytest.TempPathFactory, operations: object, history: int) -> None:
    """Every moment in the history reads as it did, before and after a restart."""
    path = tmp_path_factory.mktemp("store") / "state.sqlite"
    store = Store(path, history_events=history)
    store.open()
    moments = {store.revision: contents(store)}
    for name, removes in operations:  # type: ignore[attr-defined]
        if removes and store.get(key(name)) is not None:
            store.delete(key(name), body(name))
        elif not removes:
            store.put(key(name), body(name))
        moments[store.revision] = contents(store)
    for _ in range(2):
        for revision, then in moments.items():
            if revision < store.floor:
                continue
            assert {stored.key.name: stored.raw for stored in store.items_at(STORAGE, revision)} == then
            replayed = dict(then)
            for event in store.subscribe(STORAGE, revision).drain():
                if event.type == "DELETED":
                    del replayed[event.now.key.name]
                else:
                    replayed[event.now.key.name] = event.now.raw
            assert replayed == contents(store)
        store.close()
        store = Store(path, history_events=history)
        store.open()
    store.close()
