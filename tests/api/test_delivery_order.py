"""Pure parts of delivery: which rows may be sent, and which offsets may be committed."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from vap_api.inbox.offsets import Offsets
from vap_api.outbox.rows import OutboxRow, ScenarioOrder


def row(number: int, scenario: str) -> OutboxRow:
    return OutboxRow(number, scenario, "{}", "id", None, datetime.now(UTC))


@given(scenarios=st.lists(st.sampled_from("abc"), max_size=20), failing=st.sets(st.integers(0, 19)))
def test_a_row_is_sent_only_after_all_before_it_arrived(scenarios: list[str], failing: set[int]) -> None:
    rows = [row(number, scenario) for number, scenario in enumerate(scenarios)]
    done: set[int] = set()
    sent: list[OutboxRow] = []
    for wave in ScenarioOrder(rows).waves(done):
        assert len({entry.scenario_uuid for entry in wave}) == len(wave)
        for entry in wave:
            before = {other.id for other in rows if other.scenario_uuid == entry.scenario_uuid and other.id < entry.id}
            assert before <= done
        sent += wave
        done.update(entry.id for entry in wave if entry.id not in failing)
    for scenario in "abc":
        own = [entry.id for entry in rows if entry.scenario_uuid == scenario]
        first_failure = next((number for number in own if number in failing), None)
        expected = own if first_failure is None else own[: own.index(first_failure) + 1]
        assert [entry.id for entry in sent if entry.scenario_uuid == scenario] == expected


def taken(offsets: Offsets) -> dict[int, int]:
    return {entry.partition: entry.offset for entry in offsets.take()}


def test_offsets_of_stored_batches_are_committed_once() -> None:
    offsets = Offsets("results")
    offsets.assign([0, 1])
    offsets.stored({0: 5, 1: 7}, offsets.generation)
    offsets.stored({0: 9}, offsets.generation)
    assert taken(offsets) == {0: 9, 1: 7}
    assert taken(offsets) == {}


def test_offsets_of_partitions_that_are_not_ours_are_not_committed() -> None:
    offsets = Offsets("results")
    offsets.assign([0])
    offsets.stored({0: 5, 1: 7}, offsets.generation)
    assert taken(offsets) == {0: 5}


def test_a_batch_read_before_the_partitions_went_and_came_says_nothing_of_the_new_log() -> None:
    offsets = Offsets("results")
    offsets.assign([0])
    read_under = offsets.generation
    offsets.drop([0])
    offsets.assign([0])
    offsets.stored({0: 5000}, read_under)
    assert taken(offsets) == {}
    offsets.stored({0: 3}, offsets.generation)
    assert taken(offsets) == {0: 3}
