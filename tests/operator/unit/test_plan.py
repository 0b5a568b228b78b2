"""What the pool's plan promises, held for any facts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operator.unit.builders import NOW
from vap_operator.pool.facts import ClaimFact, Patience, PodFact, PoolFact, RunnerFact
from vap_operator.pool.plan import Plan, plan
from vap_operator.scenario.observed import Offer, Wait

PATIENCE = Patience(pod_start_s=120, silent_pod_s=60)
POOL = PoolFact("default", max_workers=4, min_runners=1, max_runners=3, warm_slots=1, idle_seconds=300)


def claim(number: int, avoid: str | None = None) -> ClaimFact:
    moment = NOW + timedelta(seconds=number)
    return ClaimFact((moment, moment, f"s{number}"), f"s{number}", avoid)


def pod(name: str, used: int | None = 0, slots: int = 4, **fields: Any) -> PodFact:
    """A pod whose runner was heard, or, with used=None, was not heard yet."""
    runner_fields = {key: fields.pop(key) for key in ("takes_work", "busy", "silent_s") if key in fields}
    runner = None
    if used is not None:
        values = {"busy": used > 0, "takes_work": True} | runner_fields
        runner = RunnerFact(runner=f"{name}.boot", slots=slots, used=used, **values)
    return PodFact(name=name, uid=f"uid-{name}", **({"age_s": 10.0} | fields), runner=runner)


def offers(result: Plan) -> dict[str, str]:
    return {key: verdict.runner for key, verdict in result.verdicts.items() if isinstance(verdict, Offer)}


def test_first_come_first_served_on_the_fullest_runner() -> None:
    pods = [pod("a", used=1), pod("b", used=3), pod("c", used=4)]
    result = plan(POOL, pods, [claim(2), claim(1), claim(3)], PATIENCE)
    assert offers(result) == {"s1": "b.boot", "s2": "a.boot", "s3": "a.boot"}


def test_nobody_waits_behind_one_that_must_avoid_a_runner() -> None:
    result = plan(replace(POOL, max_runners=1), [pod("a", used=3)], [claim(1, avoid="a.boot"), claim(2)], PATIENCE)
    assert offers(result) == {"s2": "a.boot"}
    assert isinstance(result.verdicts["s1"], Wait)


def test_only_runners_that_take_work_get_any() -> None:
    pods = [pod("a", takes_work=False), pod("b", terminating=True), pod("c", used=None), pod("d", finished=True)]
    assert offers(plan(POOL, pods, [claim(1)], PATIENCE)) == {}


def test_the_waiting_and_the_warm_slots_make_the_pool_grow_up_to_its_limit() -> None:
    assert plan(POOL, [], [], PATIENCE).creates == 1
    assert plan(replace(POOL, min_runners=0), [], [], PATIENCE).creates == 1, "a warm slot"
    assert plan(replace(POOL, min_runners=0, warm_slots=0), [], [], PATIENCE).creates == 0
    assert plan(POOL, [pod("a", used=4)], [], PATIENCE).creates == 1
    assert plan(POOL, [pod("a", used=4), pod("b", used=None)], [claim(n) for n in range(3)], PATIENCE).creates == 0
    result = plan(POOL, [pod("a", used=4)], [claim(n) for n in range(30)], PATIENCE)
    assert result.creates == 2
    reasons = [verdict.reason for verdict in result.verdicts.values() if isinstance(verdict, Wait)]
    assert [str(reason) for reason in reasons] == ["Queued"] * 8 + ["NoCapacity"] * 22


def test_a_pod_that_does_not_start_is_not_counted_on_for_ever() -> None:
    stuck = pod("a", used=None, age_s=121.0)
    result = plan(replace(POOL, max_runners=1), [stuck], [claim(1)], PATIENCE)
    verdict = result.verdicts["s1"]
    assert isinstance(verdict, Wait)
    assert "kubectl describe pod" in verdict.message
    assert plan(POOL, [stuck], [claim(1)], PATIENCE).creates == 1


def test_an_idle_runner_goes_when_its_time_is_over_and_the_warm_slots_remain() -> None:
    idle = [pod("a", empty_for_s=301.0), pod("b", empty_for_s=10.0)]
    result = plan(POOL, idle, [], PATIENCE)
    assert [doomed.uid for doomed in result.deletes] == ["uid-a"]
    waiting = plan(replace(POOL, min_runners=0), [pod("b", empty_for_s=10.0)], [], PATIENCE)
    assert waiting.deletes == ()
    later = plan(replace(POOL, warm_slots=0, min_runners=0), [pod("b", empty_for_s=10.0)], [], PATIENCE)
    assert (later.deletes, later.wake_after_s) == ((), 290.0)


def test_a_lowered_limit_removes_empty_runners_at_once_and_never_busy_ones() -> None:
    pods = [pod("a", used=1), pod("b"), pod("c", busy=True)]
    result = plan(replace(POOL, max_runners=1), pods, [], PATIENCE)
    assert [doomed.name for doomed in result.deletes] == ["b"]


def test_finished_and_silent_pods_are_replaced() -> None:
    result = plan(POOL, [pod("a", finished=True), pod("b", used=2, takes_work=False, silent_s=61.0)], [], PATIENCE)
    assert {doomed.name: doomed.why for doomed in result.deletes} == {"a": "finished", "b": "silent"}


pools = st.builds(
    lambda workers, low, more, warm, idle: PoolFact("p", workers, low, low + more, warm, idle),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(0, 6),
    st.sampled_from([0.0, 5.0]),
)


@st.composite
def pod_facts(draw: st.DrawFn, index: int) -> PodFact:
    slots = draw(st.integers(0, 5))
    return pod(
        f"n{index}",
        used=draw(st.none() | st.integers(0, slots)),
        slots=slots,
        takes_work=draw(st.booleans()),
        busy=draw(st.booleans()),
        silent_s=draw(st.sampled_from([0.0, 0.0, 100.0])),
        terminating=draw(st.sampled_from([False, False, True])),
        finished=draw(st.sampled_from([False, False, False, True])),
        age_s=draw(st.sampled_from([1.0, 500.0])),
        empty_for_s=draw(st.sampled_from([0.0, 10.0])),
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[PoolFact, list[PodFact], list[ClaimFact]]:
    pods = [draw(pod_facts(index)) for index in range(draw(st.integers(0, 6)))]
    names = [None, *(f"{fact.name}.boot" for fact in pods)]
    claims = [claim(number, draw(st.sampled_from(names))) for number in range(draw(st.integers(0, 12)))]
    return draw(pools), pods, draw(st.permutations(claims))


@settings(max_examples=200, deadline=None)
@given(situations())
def test_promises_of_a_plan(situation: tuple[PoolFact, list[PodFact], list[ClaimFact]]) -> None:
    pool, pods, claims = situation
    result = plan(pool, pods, claims, PATIENCE)
    assert set(result.verdicts) == {fact.key for fact in claims}, "everybody gets an answer"
    runners = {fact.runner.runner: fact for fact in pods if fact.runner is not None}
    given_away: dict[str, int] = {}
    for key, runner in offers(result).items():
        fact = runners[runner]
        assert fact.active
        assert fact.runner
        assert fact.runner.takes_work
        given_away[runner] = given_away.get(runner, 0) + 1
        assert next(c for c in claims if c.key == key).avoid != runner
    for runner, count in given_away.items():
        fact = runners[runner]
        assert fact.runner
        assert fact.runner.used + count <= fact.runner.slots, "no slot is given twice"
    free = {
        name: fact.runner.slots - fact.runner.used - given_away.get(name, 0)
        for name, fact in runners.items()
        if fact.active and fact.runner and fact.runner.takes_work
    }
    for fact in claims:
        if isinstance(result.verdicts[fact.key], Wait):
            assert not [name for name, count in free.items() if count > 0 and name != fact.avoid], "no slot lies idle"
    active = sum(1 for fact in pods if fact.active)
    assert result.creates == 0 or active + result.creates <= pool.max_runners
    assert active + result.creates >= min(pool.min_runners, pool.max_runners)
    removed = {doomed.name for doomed in result.deletes}
    for fact in pods:
        if fact.name in removed and not fact.finished and fact.runner and fact.runner.silent_s < 60:
            assert (fact.runner.used, fact.runner.busy) == (0, False), "only empty runners go"
            assert fact.runner.runner not in given_away
            assert fact.empty_for_s >= pool.idle_seconds or active > pool.max_runners
    if removed and active <= pool.max_runners:
        silent = sum(1 for fact in pods if fact.active and fact.runner and fact.runner.silent_s >= 60)
        kept = sum(1 for fact in pods if fact.active and fact.name not in removed)
        assert kept >= min(pool.min_runners, active - silent)


@settings(max_examples=100, deadline=None)
@given(pools, st.integers(0, 20))
def test_a_pool_settles(pool: PoolFact, wanted: int) -> None:
    """Carrying out plans leads to a state in which nothing more is to be done."""
    pods: list[PodFact] = []
    claims = [claim(number) for number in range(wanted)]
    for _ in range(40):
        result = plan(pool, pods, claims, PATIENCE)
        placed = offers(result)
        claims = [fact for fact in claims if fact.key not in placed]
        doomed = {item.name for item in result.deletes}
        after = []
        for fact in pods:
            runner = fact.runner
            if runner is not None:
                used = runner.used + sum(1 for name in placed.values() if name == runner.runner)
                runner = replace(runner, used=used, busy=used > 0)
            else:
                runner = RunnerFact(f"{fact.name}.boot", pool.max_workers, 0, busy=False, takes_work=True)
            if fact.name not in doomed:
                after.append(replace(fact, runner=runner, empty_for_s=0.0 if runner.used else 10.0))
        after += [pod(f"p{len(pods)}-{number}", used=None) for number in range(result.creates)]
        settled = after == pods
        pods = after
        if settled:
            break
    assert settled
    assert pool.min_runners <= len(pods) <= pool.max_runners
    used = sum(fact.runner.used for fact in pods if fact.runner)
    assert used == min(wanted, pool.max_runners * pool.max_workers)
