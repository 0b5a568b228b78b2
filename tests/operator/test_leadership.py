"""One operator leads by a Lease, another stands by and takes over."""

import signal
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.operator.conftest import make_platform
from tests.operator.support.platform import Platform
from tests.operator.support.processes import OperatorProcess
from tests.support.waiting import wait_for
from vap_operator.leadership.leadership import LeaseTiming
from vap_operator.leadership.record import LeaseRecord, Sighting, build_claim, build_lease

LEASE_SECONDS = 4.0


def record(version: int, holder: str = "a", duration_s: float = 10.0) -> LeaseRecord:
    return LeaseRecord(holder, duration_s, 0, str(version))


@given(st.lists(st.floats(min_value=0.01, max_value=9.9), min_size=1, max_size=20))
def test_a_lease_that_is_renewed_in_time_is_never_free(gaps: list[float]) -> None:
    now, sighting = 0.0, Sighting(record(0), 0.0)
    for version, gap in enumerate(gaps, start=1):
        now += gap
        assert not sighting.free(now)
        sighting = sighting.follow(record(version), now)


@given(st.floats(min_value=0, max_value=10), st.floats(min_value=10.001, max_value=1000))
def test_a_lease_is_free_when_it_was_seen_unchanged_for_its_duration(early: float, late: float) -> None:
    sighting = Sighting(record(0), 0.0).follow(record(0), early)
    assert not sighting.free(early)
    assert sighting.free(late)


def test_a_lease_that_was_given_back_is_free_at_once() -> None:
    assert Sighting(record(0, holder=""), 0.0).free(0.0)


def test_a_lease_object_is_read_as_it_was_written() -> None:
    body = build_lease("vap-operator", "me", 10.0, datetime(2026, 3, 1, tzinfo=UTC))
    body["metadata"]["resourceVersion"] = "7"
    assert LeaseRecord.from_object(body) == LeaseRecord("me", 10.0, 0, "7")
    renewal = build_claim("me", 10.0, datetime(2026, 3, 1, tzinfo=UTC), transitions=3, acquired=False)
    assert "acquireTime" not in renewal
    assert renewal["renewTime"] == "2026-03-01T00:00:00.000000Z"


def test_a_leader_gives_up_before_another_may_begin() -> None:
    with pytest.raises(ValueError, match="deadline"):
        LeaseTiming(duration=5, deadline=5, renew=1)


@pytest.fixture
def elected(kubeconfig: Path, tmp_path: Path) -> Iterator[Platform]:
    environment = {
        "LEADER_ELECTION": "true",
        "LEASE_NAME": f"lease-{uuid.uuid4().hex[:8]}",
        "LEASE_DURATION_SECONDS": f"{LEASE_SECONDS:g}",
    }
    with make_platform(kubeconfig, tmp_path, **environment) as running:
        yield running


@pytest.fixture
def standby(elected: Platform) -> Iterator[OperatorProcess]:
    elected.make_pool(minRunners=2, maxRunners=2)
    elected.wait_ready(free=8)
    second = OperatorProcess(elected.operator.log.with_name("standby.log"), elected.operator.environment)
    second.start()
    wait_for(lambda: "lease.standby" in second.log.read_text(), "the standby")
    yield second
    second.stop()


def leads(operator: OperatorProcess) -> bool:
    return operator.metric("vap_operator_leading") == 1


def active_scenarios(platform: Platform, count: int = 3) -> dict[uuid.UUID, int]:
    scenarios = [platform.startup() for _ in range(count)]
    return {scenario: platform.wait_state(scenario, "active")["placement"]["epoch"] for scenario in scenarios}


def epochs(platform: Platform, scenarios: dict[uuid.UUID, int]) -> dict[uuid.UUID, int]:
    return {scenario: platform.status(scenario)["placement"]["epoch"] for scenario in scenarios}


def test_a_standby_takes_over_from_a_killed_leader_without_changing_an_epoch(
    elected: Platform, standby: OperatorProcess
) -> None:
    before = active_scenarios(elected)
    assert leads(elected.operator)
    assert not leads(standby)
    elected.operator.kill()
    wait_for(lambda: leads(standby), "the standby to lead")
    elected.operator = standby
    elected.wait_state(elected.startup(), "active")
    wait_for(lambda: standby.metric("vap_operator_consumed_total", topic="worker_status") > 20, "heartbeats")
    assert epochs(elected, before) == before


def test_a_leader_that_ends_in_order_gives_the_lease_back(elected: Platform, standby: OperatorProcess) -> None:
    before = active_scenarios(elected)
    begin = time.monotonic()
    elected.operator.stop()
    wait_for(lambda: leads(standby), "the standby to lead")
    took = time.monotonic() - begin
    print(f"took over {took:.1f} s after SIGTERM")
    assert "lease.not_released" not in elected.operator.log.read_text()
    elected.operator = standby
    elected.wait_state(elected.startup(), "active")
    assert epochs(elected, before) == before


def test_a_leader_that_was_frozen_writes_nothing_and_ends_when_it_wakes(
    elected: Platform, standby: OperatorProcess
) -> None:
    before = active_scenarios(elected)
    frozen = elected.operator
    assert frozen.process
    frozen.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: leads(standby), "the standby to lead")
    elected.operator = standby
    wait_for(lambda: standby.metric("vap_operator_consumed_total", topic="worker_status") > 10, "heartbeats")
    frozen.process.send_signal(signal.SIGCONT)
    assert frozen.process.wait(timeout=30) != 0
    assert "the Lease is held by" in frozen.log.read_text()
    elected.wait_state(elected.startup(), "active")
    assert epochs(elected, before) == before
