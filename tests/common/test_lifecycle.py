"""The transition table, walked."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vap_common.lifecycle import TRANSITIONS, ScenarioState, can_transition


def test_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(ScenarioState)


def test_a_scenario_passes_all_six_states_in_order() -> None:
    states = list(ScenarioState)
    assert all(can_transition(before, after) for before, after in pairwise(states))


def test_nothing_follows_the_final_state() -> None:
    assert [state for state in ScenarioState if state.is_final] == [ScenarioState.INACTIVE]
    assert not TRANSITIONS[ScenarioState.INACTIVE]


@given(st.data())
def test_every_walk_that_begins_to_end_ends_through_both_shutdown_states(data: st.DataObject) -> None:
    walk = [ScenarioState.INIT_STARTUP]
    for _ in range(20):
        following = sorted(TRANSITIONS[walk[-1]])
        if not following:
            break
        walk.append(data.draw(st.sampled_from(following)))
    ending = [state for state in walk if state.is_ending]
    expected = [ScenarioState.INIT_SHUTDOWN, ScenarioState.IN_SHUTDOWN_PROCESSING, ScenarioState.INACTIVE]
    assert ending == expected[: len(ending)]


def test_from_every_living_state_an_ending_can_begin() -> None:
    living = [state for state in ScenarioState if not state.is_ending]
    assert all(can_transition(state, ScenarioState.INIT_SHUTDOWN) for state in living)
