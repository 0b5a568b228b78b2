"""An older version never replaces a newer one, nor revives what is gone."""

import uuid

from tests.operator.unit.builders import metadata, placement, scenario
from vap_common.lifecycle import ScenarioState
from vap_operator.reconcile.store import Store
from vap_operator.resources.names import LABEL_SCENARIO_UUID
from vap_operator.resources.videoscenario import SecretRef, Source

REST = uuid.UUID(int=99)


def test_a_watch_event_older_than_our_own_write_is_no_news() -> None:
    store = Store()
    written = scenario(ScenarioState.ACTIVE, placed=placement(), resource_version="12")
    assert store.accept_scenario(written)
    assert not store.accept_scenario(scenario(resource_version="11"))
    assert not store.accept_scenario(scenario(resource_version="12"))
    assert store.scenarios.get("dock-3") is written
    assert store.accept_scenario(scenario(resource_version="100"))


def test_what_is_gone_stays_gone_but_a_successor_of_that_name_is_welcome() -> None:
    store = Store()
    first = scenario(resource_version="5")
    store.accept_scenario(first)
    assert store.remove_scenario("dock-3", "another uid") is None
    assert store.remove_scenario("dock-3", first.metadata.uid) is first
    assert not store.accept_scenario(scenario(resource_version="9"))
    assert store.find(uuid.UUID(first.metadata.uid)) is None
    assert store.accept_scenario(scenario(resource_version="10", uid=str(uuid.UUID(int=2))))


def test_scenarios_are_found_by_rests_uuid_only_under_their_own_name() -> None:
    store = Store()
    store.accept_scenario(scenario(name=f"scenario-{REST}", labels={LABEL_SCENARIO_UUID: str(REST)}))
    assert store.find(REST)
    impostor = scenario(name="x", uid=str(uuid.UUID(int=3)), labels={LABEL_SCENARIO_UUID: str(REST)})
    store.accept_scenario(impostor)
    assert store.find(uuid.UUID(int=3)) is impostor
    assert store.find(REST) is not impostor


def test_the_index_of_runners_follows_the_placement() -> None:
    store = Store()
    store.accept_scenario(scenario(ScenarioState.ACTIVE, placed=placement(runner="a.1"), resource_version="1"))
    assert store.keys_on("a.1") == {"dock-3"}
    store.accept_scenario(scenario(ScenarioState.ACTIVE, placed=placement(runner="b.1"), resource_version="2"))
    assert (store.keys_on("a.1"), store.keys_on("b.1")) == (frozenset(), {"dock-3"})
    released = placement(runner="b.1", assigned=False)
    store.accept_scenario(scenario(ScenarioState.INACTIVE, placed=released, resource_version="3"))
    assert store.placed_runners() == []


def test_a_secret_is_known_as_long_as_somebody_names_it() -> None:
    store = Store()
    source = {"source": Source(url_secret_ref=SecretRef(name="cam", key="url"))}
    one = scenario(spec=source)
    two = scenario(spec=source, name="two", uid=str(uuid.UUID(int=2)))
    store.accept_scenario(one)
    store.accept_scenario(two)
    assert store.keys_with_secret("cam") == {"dock-3", "two"}
    store.remove_scenario("dock-3", one.metadata.uid)
    assert store.keys_with_secret("cam") == {"two"}
    store.remove_scenario("two", two.metadata.uid)
    assert store.keys_with_secret("cam") == frozenset()
    assert metadata().version_number == 5
