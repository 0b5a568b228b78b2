"""The objects as this process knows them: fed by watching, by lists and by the answers to its own writes."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar
from uuid import UUID

from vap_operator.resources.camera_secret import CameraSecret
from vap_operator.resources.pod import RunnerPod
from vap_operator.resources.runnerpool import RunnerPool
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.identity import scenario_uuid

Kept = TypeVar("Kept", VideoScenario, RunnerPool, RunnerPod, CameraSecret)

REMEMBERED_UIDS = 10_000


class Objects(Generic[Kept]):
    """The objects of one kind, by name. An older version never replaces a newer one, nor revives a deleted object."""

    def __init__(self) -> None:
        self._items: dict[str, Kept] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def get(self, name: str) -> Kept | None:
        """The newest known version."""
        return self._items.get(name)

    def values(self) -> Iterable[Kept]:
        """All of them."""
        return self._items.values()

    def __len__(self) -> int:
        return len(self._items)

    def accept(self, item: Kept) -> bool:
        """Keeps `item` unless something newer is known; whether it was kept."""
        metadata = item.metadata
        if metadata.uid in self._gone:
            return False
        known = self._items.get(metadata.name)
        if known is not None and 0 <= metadata.version_number <= known.metadata.version_number:
            return False
        self._items[metadata.name] = item
        return True

    def remove(self, name: str, uid: str) -> Kept | None:
        """The object with that uid is gone for good; returns it if it was known."""
        self._gone[uid] = None
        if len(self._gone) > REMEMBERED_UIDS:
            self._gone.popitem(last=False)
        known = self._items.get(name)
        if known is None or known.metadata.uid != uid:
            return None
        return self._items.pop(name)

    def drop(self, name: str) -> None:
        """Forgets an object that still exists, but that nobody needs any more."""
        self._items.pop(name, None)

    def missing_from(self, listed: Iterable[Kept], known_before: dict[str, str]) -> list[Kept]:
        """What is known but was not listed, and was known (name to uid) before the list was asked for: it is gone."""
        present = {item.metadata.uid for item in listed}
        return [
            item
            for item in self._items.values()
            if item.metadata.uid not in present and known_before.get(item.metadata.name) == item.metadata.uid
        ]

    def uids(self) -> dict[str, str]:
        """Name to uid of all that is known."""
        return {name: item.metadata.uid for name, item in self._items.items()}


class Store:
    """The four kinds and the indexes over scenarios. Lives on the event loop alone."""

    def __init__(self) -> None:
        self.scenarios: Objects[VideoScenario] = Objects()
        self.pools: Objects[RunnerPool] = Objects()
        self.pods: Objects[RunnerPod] = Objects()
        self.secrets: Objects[CameraSecret] = Objects()
        self._keys_by_uuid: dict[UUID, str] = {}
        self._keys_by_runner: dict[str, set[str]] = {}
        self._runner_by_key: dict[str, str] = {}
        self._keys_by_secret: dict[str, set[str]] = {}

    def accept_scenario(self, scenario: VideoScenario) -> bool:
        """Keeps it unless something newer is known; whether it was kept."""
        if not self.scenarios.accept(scenario):
            return False
        key = scenario.key
        self._keys_by_uuid[scenario_uuid(scenario.metadata)] = key
        ref = scenario.spec.source.url_secret_ref
        if ref is not None:
            self._keys_by_secret.setdefault(ref.name, set()).add(key)
        placement = scenario.status.placement
        self._index_runner(key, placement.runner if placement is not None and placement.assigned else None)
        return True

    def remove_scenario(self, name: str, uid: str) -> VideoScenario | None:
        """It is gone; returns its last known version."""
        last = self.scenarios.remove(name, uid)
        if last is None:
            return None
        self._index_runner(name, None)
        uuid = scenario_uuid(last.metadata)
        if self._keys_by_uuid.get(uuid) == name:
            del self._keys_by_uuid[uuid]
        ref = last.spec.source.url_secret_ref
        if ref is not None and ref.name in self._keys_by_secret:
            self._keys_by_secret[ref.name].discard(name)
            if not self._keys_by_secret[ref.name]:
                del self._keys_by_secret[ref.name]
                self.secrets.drop(ref.name)
        return last

    def find(self, uuid: UUID) -> VideoScenario | None:
        """The custom resource of a scenario."""
        key = self._keys_by_uuid.get(uuid)
        return self.scenarios.get(key) if key is not None else None

    def keys_on(self, runner: str) -> frozenset[str]:
        """Scenarios that hold a slot of a runner, by their custom resources."""
        return frozenset(self._keys_by_runner.get(runner, ()))

    def placed_runners(self) -> list[str]:
        """Runners whose slots are held."""
        return list(self._keys_by_runner)

    def keys_with_secret(self, name: str) -> frozenset[str]:
        """Scenarios whose source is in a Secret."""
        return frozenset(self._keys_by_secret.get(name, ()))

    def _index_runner(self, key: str, runner: str | None) -> None:
        before = self._runner_by_key.pop(key, None)
        if before is not None:
            keys = self._keys_by_runner[before]
            keys.discard(key)
            if not keys:
                del self._keys_by_runner[before]
        if runner is not None:
            self._runner_by_key[key] = runner
            self._keys_by_runner.setdefault(runner, set()).add(key)
