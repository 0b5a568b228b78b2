"""When a runner is lost, and when it is merely not heard by us."""

import uuid
from datetime import timedelta
from typing import Any

from tests.operator.unit.builders import NOW, metadata, report
from vap_common.messages import WorkerStatus
from vap_operator.resources.names import LABEL_POOL
from vap_operator.resources.pod import ContainerState, ContainerStatus, PodStatus, RunnerPod, Terminated
from vap_operator.runners.fleet import Fleet, pod_of
from vap_operator.runners.listening import ListeningClock

SCENARIO = uuid.UUID(int=1)


def beat(sequence: int = 1, runner: str = "p.1", **fields: Any) -> WorkerStatus:
    values = {"pod": pod_of(runner), "slots": 4, "sent_at": NOW + timedelta(seconds=sequence)} | fields
    return WorkerStatus(runner=runner, sequence=sequence, **values)


def pod(status: PodStatus | None = None, **meta: Any) -> RunnerPod:
    return RunnerPod(metadata=metadata("p", labels={LABEL_POOL: "default"}, **meta), status=status or PodStatus())


def ended_pod(seconds: float, *, now: bool) -> RunnerPod:
    terminated = ContainerState(terminated=Terminated(finished_at=NOW + timedelta(seconds=seconds)))
    state = {"state": terminated} if now else {"last_state": terminated}
    return pod(PodStatus(phase="Running", container_statuses=(ContainerStatus(name="runner", **state),)))


def listening_fleet() -> tuple[Fleet, ListeningClock]:
    clock = ListeningClock()
    clock.confirm(0.0)
    return Fleet(clock, lost_after_s=12), clock


def listen(clock: ListeningClock, start: float, seconds: float) -> float:
    for step in range(int(seconds)):
        clock.confirm(start + step + 1)
    return start + seconds


def test_silence_counts_only_while_listening() -> None:
    fleet, clock = listening_fleet()
    fleet.heartbeat(beat())
    at = listen(clock, 0, 11)
    assert fleet.lost("p.1", pod()) is None
    # The broker was away for five minutes, or this process was suspended.
    clock.confirm(at + 300)
    at = listen(clock, at + 300, 11)
    assert fleet.lost("p.1", pod()) is None
    listen(clock, at, 2)
    assert "nothing was heard" in (fleet.lost("p.1", pod()) or "")


def test_a_runner_that_was_never_heard_has_the_same_time() -> None:
    fleet, clock = listening_fleet()
    listen(clock, 0, 12)
    assert fleet.lost("p.1", pod()) is None
    listen(clock, 12, 1)
    assert fleet.lost("p.1", pod())


def test_a_pod_that_is_gone_or_ended_is_lost_at_once() -> None:
    fleet, _ = listening_fleet()
    fleet.heartbeat(beat())
    assert "is gone" in (fleet.lost("p.1", None) or "")
    assert "has ended" in (fleet.lost("p.1", pod(PodStatus(phase="Failed"))) or "")
    assert "container" in (fleet.lost("p.1", ended_pod(5, now=True)) or "")
    assert "container" in (fleet.lost("p.1", ended_pod(5, now=False)) or "")


def test_the_successor_of_an_ended_container_is_not_lost() -> None:
    fleet, _ = listening_fleet()
    fleet.heartbeat(beat(sequence=9))
    assert fleet.lost("p.1", ended_pod(2, now=False)) is None


def test_another_boot_of_the_pod_supersedes_but_an_older_one_does_not() -> None:
    fleet, _ = listening_fleet()
    fleet.heartbeat(beat(sequence=50, runner="p.1"))
    assert fleet.heartbeat(beat(sequence=1, runner="p.2", sent_at=NOW + timedelta(seconds=60)))
    assert "restarted" in (fleet.lost("p.1", pod()) or "")
    assert not fleet.heartbeat(beat(sequence=51, runner="p.1", sent_at=NOW + timedelta(seconds=51)))
    assert fleet.lost("p.2", pod()) is None


def test_old_heartbeats_teach_nothing() -> None:
    fleet, _ = listening_fleet()
    assert fleet.heartbeat(beat(sequence=3, workers=(report(scenario_uuid=SCENARIO),)))
    assert not fleet.heartbeat(beat(sequence=2))
    assert not fleet.heartbeat(beat(sequence=3))
    assert fleet.report("p.1", SCENARIO, report().epoch)


def test_who_takes_work() -> None:
    fleet, clock = listening_fleet()
    assert not fleet.takes_work("p.1", pod()), "never heard"
    fleet.heartbeat(beat())
    assert fleet.takes_work("p.1", pod())
    assert not fleet.takes_work("p.1", None)
    assert not fleet.takes_work("p.1", pod(deletion_timestamp=NOW))
    fleet.refused("p.1")
    assert not fleet.takes_work("p.1", pod()), "it has just refused"
    listen(clock, 0, 4)
    assert fleet.takes_work("p.1", pod())
    fleet.heartbeat(beat(sequence=2, draining=True))
    assert not fleet.takes_work("p.1", pod())


def test_how_long_a_worker_has_been_missing_from_the_heartbeats() -> None:
    fleet, clock = listening_fleet()
    epoch = report().epoch
    fleet.heartbeat(beat(1, workers=(report(scenario_uuid=SCENARIO),)))
    at = listen(clock, 0, 4)
    assert fleet.unlisted_s("p.1", SCENARIO, epoch, since=0.0) == 0, "silence is not absence"
    fleet.heartbeat(beat(2))
    assert fleet.unlisted_s("p.1", SCENARIO, epoch, since=0.0) == 4
    assert fleet.unlisted_s("p.1", SCENARIO, epoch, since=3.0) == 1
    listen(clock, at, 2)
    fleet.heartbeat(beat(3, workers=(report(scenario_uuid=SCENARIO),)))
    assert fleet.unlisted_s("p.1", SCENARIO, epoch, since=0.0) == 0


def test_pods_that_are_gone_are_forgotten() -> None:
    fleet, _ = listening_fleet()
    fleet.heartbeat(beat())
    fleet.forget({"other"})
    assert fleet.runners() == []
    assert fleet.in_pod("p") is None
