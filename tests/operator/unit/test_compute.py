"""The one function that decides a status: single decisions, and every walk through the lifecycle."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.operator.unit.builders import EPOCH, NOW, RUNNER, USABLE, observed, placement, report, scenario
from vap_common.lifecycle import (
    ENDING_REASONS,
    ScenarioState,
    StateReason,
    WorkerErrorType,
    WorkerState,
    can_transition,
)
from vap_common.messages import WorkerError, WorkerReport
from vap_operator.resources.videoscenario import ScenarioStatusBlock, VideoScenario
from vap_operator.scenario.compute import Decision, SlotWish, compute_status
from vap_operator.scenario.observed import Limits, Observed, Offer, Wait
from vap_operator.scenario.source import MissingSecret, UnusableSource

LIMITS = Limits()
S = ScenarioState
ENDINGS = (S.INIT_SHUTDOWN, S.IN_SHUTDOWN_PROCESSING, S.INACTIVE)


def decide(subject: VideoScenario, **facts: Any) -> Decision:
    return compute_status(observed(subject, **facts), LIMITS)


def new_status(decision: Decision) -> ScenarioStatusBlock:
    assert decision.status is not None
    return decision.status


def test_a_new_scenario_asks_for_a_slot_and_writes_nothing() -> None:
    assert decide(scenario()) == Decision(slot=SlotWish())


def test_an_offer_becomes_the_first_epoch_in_one_write_with_the_whole_history() -> None:
    decision = decide(scenario(), verdict=Offer(RUNNER))
    status = new_status(decision)
    assert decision.moved
    assert decision.slot == SlotWish(), "the claim stands until the write has succeeded"
    assert [(t.sequence, t.state, t.reason) for t in status.transitions] == [
        (0, S.INIT_STARTUP, "Queued"),
        (1, S.IN_STARTUP_PROCESSING, "WorkerAssigned"),
    ]
    assert status.placement
    assert status.placement.epoch == int(NOW.timestamp() * 1000)
    assert (status.placement.runner, status.placement.restarts, status.placement.assigned) == (RUNNER, 0, True)


def test_no_capacity_is_written_once_it_lasts() -> None:
    wait = Wait(StateReason.NO_CAPACITY, "all slots are taken")
    early = decide(scenario(), verdict=wait)
    assert early.status is None
    assert early.recheck_after_s
    late = decide(scenario(), verdict=wait, now=NOW + timedelta(seconds=1))
    status = new_status(late)
    assert (status.state, status.reason, status.sequence) == (S.INIT_STARTUP, "NoCapacity", 1)
    assert late.slot == SlotWish()
    written = scenario(status=status.model_dump())
    assert decide(written, verdict=wait, now=NOW + timedelta(seconds=9)).status is None


@pytest.mark.parametrize(
    ("state", "frames"), [(WorkerState.RUNNING, 1), (WorkerState.COMPLETED, 12), (WorkerState.DEPLOYED, 3)]
)
def test_the_first_frame_makes_it_active(state: WorkerState, frames: int) -> None:
    subject = scenario(S.IN_STARTUP_PROCESSING, placed=placement())
    status = new_status(decide(subject, worker=report(state, frames=frames)))
    assert status.state is S.ACTIVE


def test_an_empty_file_completes_without_having_been_active() -> None:
    subject = scenario(S.IN_STARTUP_PROCESSING, placed=placement())
    status = new_status(decide(subject, worker=report(WorkerState.COMPLETED)))
    assert (status.state, status.reason) == (S.INIT_SHUTDOWN, "Completed")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"worker": report(WorkerState.COMPLETED, frames=9)}, StateReason.COMPLETED),
        (
            {"worker": report(WorkerState.FAILED, error=WorkerError(type=WorkerErrorType.NOT_FOUND, message="x"))},
            StateReason.FAILED,
        ),
        ({"source": UnusableSource("", "no")}, StateReason.FAILED),
        ({"spec_problem": "classes: blank"}, StateReason.FAILED),
    ],
)
def test_reasons_to_end(facts: dict[str, Any], reason: StateReason) -> None:
    status = new_status(decide(scenario(S.ACTIVE, placed=placement()), **facts))
    assert (status.state, status.reason) == (S.INIT_SHUTDOWN, reason)


def test_deleted_beats_everything_and_credentials_are_redacted() -> None:
    subject = scenario(S.ACTIVE, placed=placement(), deletion_timestamp=NOW)
    error = WorkerError(type=WorkerErrorType.NOT_FOUND, message="rtsp://u:hunter2@cam/x is not there")
    status = new_status(decide(subject, worker=report(WorkerState.FAILED, error=error)))
    assert status.reason == "Deleted"
    status = new_status(decide(scenario(S.ACTIVE, placed=placement()), worker=report(WorkerState.FAILED, error=error)))
    assert "hunter2" not in status.model_dump_json()


@pytest.mark.parametrize(
    ("facts", "reason", "avoid"),
    [
        ({"runner_lost": "silent"}, StateReason.WORKER_LOST, None),
        ({"worker": report(WorkerState.REJECTED)}, StateReason.WORKER_REJECTED, RUNNER),
        ({"worker": report(WorkerState.DRAINED)}, StateReason.RUNNER_DRAINED, RUNNER),
        ({"worker": report(WorkerState.STOPPED)}, StateReason.WORKER_LOST, None),
        ({"unlisted_s": 61.0}, StateReason.WORKER_LOST, RUNNER),
        (
            {"worker": report(WorkerState.FAILED, error=WorkerError(type=WorkerErrorType.WORKER_DIED))},
            StateReason.WORKER_LOST,
            None,
        ),
    ],
)
def test_a_lost_worker_asks_for_a_slot_then_gets_a_new_epoch_or_waits(
    facts: dict[str, Any], reason: StateReason, avoid: str | None
) -> None:
    subject = scenario(S.ACTIVE, placed=placement())
    assert decide(subject, **facts) == Decision(slot=SlotWish(avoid))
    status = new_status(decide(subject, verdict=Offer("other.boot"), **facts))
    assert status.placement
    assert (status.state, status.reason) == (S.IN_STARTUP_PROCESSING, reason)
    assert status.placement.epoch > EPOCH
    assert (status.placement.runner, status.placement.restarts) == ("other.boot", 1)
    waiting = new_status(decide(subject, verdict=Wait("NoCapacity", "full"), **facts))
    assert waiting.placement
    assert (waiting.state, waiting.reason, waiting.placement.assigned) == (S.INIT_STARTUP, "NoCapacity", False)


def test_changed_settings_keep_the_runner() -> None:
    status = new_status(decide(scenario(S.ACTIVE, placed=placement()), settings_hash="beef"))
    assert status.placement
    assert (status.placement.runner, status.settings_hash, status.reason) == (RUNNER, "beef", "SettingsChanged")


def test_changed_settings_wait_until_the_runner_was_heard_or_is_lost() -> None:
    subject = scenario(S.ACTIVE, placed=placement())
    unheard = decide(subject, settings_hash="beef", runner_listens=False)
    assert (unheard.moved, unheard.slot) == (False, None)
    lost = decide(subject, settings_hash="beef", runner_listens=False, runner_lost="gone")
    assert lost.slot == SlotWish()


def test_an_epoch_grows_also_when_the_clock_was_set_back() -> None:
    future = placement(epoch=int(NOW.timestamp() * 1000) + 10_000)
    status = new_status(decide(scenario(S.ACTIVE, placed=future), settings_hash="beef"))
    assert status.placement
    assert status.placement.epoch == future.epoch + 1


def test_a_missing_secret_stops_nothing_that_runs() -> None:
    gone = MissingSecret("Secret x does not exist")
    assert decide(scenario(S.ACTIVE, placed=placement()), source=gone, settings_hash="").slot is None
    lost = decide(scenario(S.ACTIVE, placed=placement()), source=gone, settings_hash="", runner_lost="x")
    assert (new_status(lost).state, new_status(lost).reason) == (S.INIT_STARTUP, "SecretNotFound")


def test_trouble_with_the_stream_is_a_detail_not_a_move() -> None:
    subject = scenario(S.ACTIVE, placed=placement(), status={"sequence": 4})
    error = WorkerError(type=WorkerErrorType.AUTH_FAILED, message="the camera refuses rtsp://u:hunter2@cam/")
    decision = decide(subject, worker=report(error=error))
    status = new_status(decision)
    ready = status.condition("Ready")
    assert ready
    assert (decision.moved, status.state, status.sequence) == (False, S.ACTIVE, 4)
    assert (ready.status, ready.reason, status.reason) == ("False", "AUTH_FAILED", "AUTH_FAILED")
    assert "hunter2" not in status.model_dump_json()


def test_a_worker_that_was_not_heard_yet_changes_nothing() -> None:
    subject = scenario(S.ACTIVE, placed=placement())
    status = new_status(decide(subject, worker=report(frames=3)))
    again = scenario(S.ACTIVE, status=status.model_dump())
    assert decide(again) == Decision()


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, None),
        ({"stop_published": True}, S.IN_SHUTDOWN_PROCESSING),
        ({"deletion_grace_over": True}, S.IN_SHUTDOWN_PROCESSING),
    ],
)
def test_leaving_init_shutdown(facts: dict[str, Any], state: ScenarioState | None) -> None:
    subject = scenario(S.INIT_SHUTDOWN, placed=placement(), status={"reason": "Completed"})
    decision = decide(subject, **facts)
    moved_to = decision.status.state if decision.status and decision.moved else None
    assert moved_to is state


@pytest.mark.parametrize(
    ("facts", "final"),
    [
        ({}, False),
        ({"worker": report(WorkerState.RUNNING)}, False),
        ({"worker": report(WorkerState.STOPPED)}, True),
        ({"worker": report(WorkerState.COMPLETED)}, True),
        ({"runner_lost": "gone"}, True),
        ({"stop_published": True, "unlisted_s": 6.0}, True),
        ({"stop_published": True, "unlisted_s": 1.0}, False),
        ({"unlisted_s": 6.0}, False),
        ({"deletion_grace_over": True}, True),
    ],
)
def test_leaving_in_shutdown_processing(facts: dict[str, Any], final: bool) -> None:
    subject = scenario(S.IN_SHUTDOWN_PROCESSING, placed=placement(), status={"reason": "Deleted"})
    decision = decide(subject, **facts)
    assert (decision.status is not None and decision.status.state is S.INACTIVE) is final
    if final:
        assert new_status(decision).finished_at
        assert not new_status(decision).placement.assigned  # type: ignore[union-attr]


@st.composite
def facts(draw: st.DrawFn) -> dict[str, Any]:
    """Anything that may be true of a scenario's surroundings."""
    state = draw(st.sampled_from(WorkerState))
    error = draw(st.none() | st.sampled_from(WorkerErrorType).map(lambda t: WorkerError(type=t, message="m")))
    worker = draw(st.none() | st.just(report(state, frames=draw(st.integers(0, 3)), error=error)))
    return {
        "source": draw(st.sampled_from([USABLE, USABLE, MissingSecret("x"), UnusableSource("", "bad")])),
        "settings_hash": draw(st.sampled_from(["cafe", "cafe", "beef", ""])),
        "verdict": draw(st.sampled_from([None, Offer("r1.b"), Offer("r2.b"), Wait("NoCapacity", "full")])),
        "worker": worker,
        "runner_lost": draw(st.none() | st.just("gone")),
        "runner_listens": draw(st.booleans()),
        "unlisted_s": draw(st.sampled_from([0.0, 6.0, 90.0])),
        "stop_published": draw(st.booleans()),
        "deletion_grace_over": draw(st.booleans()),
        "telemetry_due": draw(st.booleans()),
        "step_s": draw(st.sampled_from([-5, 0, 1, 60])),
        "delete": draw(st.sampled_from([False, False, False, True])),
        "inactive": draw(st.sampled_from([False, False, False, True])),
        "generation": draw(st.sampled_from([1, 1, 2])),
    }


def follow(subject: VideoScenario, step: dict[str, Any], now: Any) -> tuple[Observed, VideoScenario]:
    meta = subject.metadata.model_copy(
        update={
            "deletion_timestamp": subject.metadata.deletion_timestamp or (now if step["delete"] else None),
            "generation": max(subject.metadata.generation, step["generation"]),
        }
    )
    spec = subject.spec
    if step["inactive"]:
        spec = spec.model_copy(update={"desired_state": "Inactive"})
    subject = subject.model_copy(update={"metadata": meta, "spec": spec})
    placed = subject.status.placement
    worker: WorkerReport | None = step["worker"]
    if worker is not None and placed is not None and placed.assigned:
        worker = worker.model_copy(update={"epoch": placed.epoch, "worker_id": placed.worker_id})
    else:
        worker = None
    hidden = ("step_s", "delete", "inactive", "generation", "worker")
    known = {key: value for key, value in step.items() if key not in hidden}
    return observed(subject, now=now, worker=worker, **known), subject


@settings(max_examples=80, deadline=None)
@given(st.lists(facts(), max_size=18))
def test_every_walk_obeys_the_table_and_its_history_tells_all(steps: list[dict[str, Any]]) -> None:
    subject = scenario()
    now = NOW
    epochs: list[int] = []
    for step in steps:
        now += timedelta(seconds=step["step_s"])
        seen, subject = follow(subject, step, now)
        before = subject.status
        decision = compute_status(seen, LIMITS)
        after = decision.status
        if after is None:
            continue
        if after.state is not before.state or decision.moved:
            assert can_transition(before.state, after.state)
            assert after.transitions[-1].state is after.state
        assert after.sequence >= before.sequence
        sequences = [entry.sequence for entry in after.transitions]
        assert sequences == sorted(set(sequences))
        times = [entry.at for entry in after.transitions]
        assert times == sorted(times)
        assert len(after.transitions) <= 16
        for one, two in pairwise(after.transitions):
            assert can_transition(one.state, two.state)
        if after.state.is_ending:
            assert after.reason in ENDING_REASONS
            assert decision.slot is None
        if after.placement is not None and (not epochs or after.placement.epoch != epochs[-1]):
            epochs.append(after.placement.epoch)
        assert epochs == sorted(set(epochs))
        if after.state in (S.IN_STARTUP_PROCESSING, S.ACTIVE):
            assert after.placement
            assert after.placement.assigned
        if after.state is S.INACTIVE or after.state is S.INIT_STARTUP:
            assert after.placement is None or not after.placement.assigned
        telemetry = (before.telemetry, after.telemetry)
        if telemetry[0] and telemetry[1]:
            assert telemetry[1].frames_processed >= telemetry[0].frames_processed
        # What is written comes back as it was.
        assert ScenarioStatusBlock.model_validate(after.model_dump(by_alias=True, mode="json")) == after
        subject = subject.model_copy(update={"status": after})
    # Once deleted, with everything answering or all patience over, it ends, through all three states.
    ending = {"delete": True, "inactive": False, "deletion_grace_over": True, "stop_published": True, "step_s": 1}
    quiet = {"source": USABLE, "settings_hash": "cafe", "verdict": None, "worker": None, "runner_lost": "gone"}
    quiet |= {"runner_listens": False, "unlisted_s": 0.0, "telemetry_due": False, "generation": 1}
    for _ in range(4):
        seen, subject = follow(subject, ending | quiet, now)
        decision = compute_status(seen, LIMITS)
        if decision.status is not None:
            subject = subject.model_copy(update={"status": decision.status})
    assert subject.status.state is S.INACTIVE
    assert tuple(entry.state for entry in subject.status.transitions[-3:]) == ENDINGS
    assert compute_status(follow(subject, ending | quiet, now)[0], LIMITS).status is None


@settings(max_examples=100, deadline=None)
@given(facts(), st.sampled_from(ScenarioState), st.booleans())
def test_a_decision_that_was_written_is_not_written_again(
    step: dict[str, Any], state: ScenarioState, placed: bool
) -> None:
    """Level-based: with unchanged facts the second pass is the last one, after at most one move per state."""
    subject = scenario(state, placed=placement(assigned=not state.is_final and state is not S.INIT_STARTUP))
    if not placed and state in (S.INIT_STARTUP, S.INIT_SHUTDOWN, S.IN_SHUTDOWN_PROCESSING, S.INACTIVE):
        subject = scenario(state)
    writes = 0
    seen, subject = follow(subject, step, NOW)
    for _ in range(10):
        decision = compute_status(seen, LIMITS)
        if decision.status is None:
            break
        writes += 1
        subject = subject.model_copy(update={"status": decision.status})
        # A new epoch answers the facts that led to it.
        fresh = {"worker": None, "verdict": None, "runner_lost": None, "unlisted_s": 0.0, "settings_hash": "cafe"}
        moved_on = decision.status.placement != seen.scenario.status.placement
        if decision.status.settings_hash:
            fresh["settings_hash"] = decision.status.settings_hash
        seen, subject = follow(subject, step | fresh if moved_on else step, NOW)
    assert writes <= 6
