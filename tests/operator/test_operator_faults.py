"""The operator is killed, suspended or doubled; the broker goes away or forgets everything."""

import random
import signal
import uuid
from collections import Counter

from confluent_kafka.admin import AdminClient

from tests.operator.support.platform import Platform
from tests.operator.support.processes import OperatorProcess
from tests.support.waiting import wait_for
from vap_common.kafka.admin import ensure_topics
from vap_common.kafka.topics import INIT_SCENARIO, WORKER_STATUS


def placements(platform: Platform, scenarios: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    return {scenario: platform.status(scenario)["placement"]["epoch"] for scenario in scenarios}


def test_a_killed_operator_comes_back_without_changing_an_epoch(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=3, warmSlots=0)
    platform.wait_ready()
    scenarios = [platform.startup() for _ in range(6)]
    for scenario in scenarios:
        platform.wait_state(scenario, "active")
    before = placements(platform, scenarios)
    platform.operator.kill()
    platform.shutdown(scenarios[0])
    platform.operator.start()
    platform.wait_state(scenarios[0], "inactive", "ShutdownRequested")
    # Longer than a silent runner is waited for: all is heard by now, and nothing moved.
    wait_for(lambda: platform.operator.metric("vap_operator_consumed_total", topic="worker_status") > 20, "heartbeats")
    late = platform.startup()
    platform.wait_state(late, "active")
    assert placements(platform, scenarios) == before
    for scenario in scenarios[1:]:
        platform.wait_published(scenario, "active")


def test_kills_at_random_moments_neither_lose_nor_double_an_assignment(platform: Platform) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    platform.make_pool(maxWorkers=3, minRunners=1, maxRunners=3, warmSlots=0)
    platform.wait_ready()
    scenarios: list[uuid.UUID] = []
    for _ in range(4):
        scenarios += [platform.startup() for _ in range(2)]
        size = len(platform.statuses.records) + chance.randrange(0, 8)
        wait_for(lambda size=size: len(platform.statuses.records) >= size, "some progress")  # type: ignore[misc]
        platform.operator.kill()
        platform.operator.start()
    for scenario in scenarios:
        platform.wait_state(scenario, "active")
    assert set(Counter(order.scenario_uuid for order in platform.farm.starts()).values()) == {1}
    per_runner = Counter(platform.status(scenario)["placement"]["runner"] for scenario in scenarios)
    assert max(per_runner.values()) <= 3
    ended = scenarios[: len(scenarios) // 2]
    for scenario in ended:
        platform.shutdown(scenario)
    platform.operator.kill()
    platform.operator.start()
    for scenario in ended:
        platform.wait_state(scenario, "inactive", "ShutdownRequested")
        platform.wait_published(scenario, "inactive")
    assert len(platform.kube.list("pods")) <= 3


def test_a_suspended_operator_does_no_harm_when_it_wakes_up(platform: Platform) -> None:
    platform.make_pool(minRunners=2, maxRunners=2)
    platform.wait_ready(free=8)
    kept, ended = platform.startup(), platform.startup()
    for scenario in (kept, ended):
        platform.wait_state(scenario, "active")
    before = platform.status(kept)["placement"]["epoch"]
    assert platform.operator.process
    sleeper = platform.operator.process
    sleeper.send_signal(signal.SIGSTOP)
    successor = OperatorProcess(platform.operator.log.with_name("successor.log"), platform.operator.environment)
    successor.start()
    try:
        platform.kube.patch("videoscenarios", f"scenario-{kept}", {"spec": {"detector": {"name": "motion"}}})
        after = platform.wait_epoch_after(kept, before)["placement"]["epoch"]
        platform.shutdown(ended)
        platform.wait_state(ended, "inactive")
        stale = platform.operator
        sleeper.send_signal(signal.SIGCONT)
        heard = stale.metric("vap_operator_consumed_total", topic="worker_status")
        wait_for(
            lambda: stale.metric("vap_operator_consumed_total", topic="worker_status") > heard + 8,
            "the sleeper to go on",
        )
        stale.kill()
        platform.operator = successor
        fresh = platform.startup()
        platform.wait_state(fresh, "active")
        assert placements(platform, [kept])[kept] == after
        assert platform.status(ended)["state"] == "inactive"
        home = platform.farm.on(kept)
        assert home
        assert home.running()[kept] == after
    finally:
        sleeper.kill()
        successor.stop()


def test_an_emptied_broker_heals(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    scenarios = [platform.startup() for _ in range(3)]
    for scenario in scenarios:
        platform.wait_state(scenario, "active")
    before = placements(platform, scenarios)
    platform.broker.kill()
    platform.statuses.records.clear()
    platform.orders.records.clear()
    platform.broker.start()
    ensure_topics(platform.kafka, "test")
    for scenario in scenarios:
        platform.wait_published(scenario, "active")
        wait_for(lambda scenario=scenario: platform.orders.of(scenario), "the order again")  # type: ignore[misc]
    late = platform.startup()
    platform.wait_state(late, "active")
    assert placements(platform, scenarios) == before
    platform.shutdown(scenarios[0])
    platform.wait_state(scenarios[0], "inactive")


def test_the_operator_makes_missing_topics_itself(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    platform.broker.kill()
    platform.broker.start()
    wait_for(lambda: INIT_SCENARIO.name in _topics(platform), "the topics")
    platform.wait_ready()
    platform.wait_state(platform.startup(), "active")


def _topics(platform: Platform) -> set[str]:
    client = AdminClient({"bootstrap.servers": platform.kafka.kafka_bootstrap_servers, "log_level": 0})
    return set(client.list_topics(timeout=5).topics)


def test_poison_does_not_stop_anything(platform: Platform) -> None:
    platform.make_pool()
    platform.wait_ready()
    for topic in (INIT_SCENARIO, WORKER_STATUS):
        for value in (b"\xff\x00", b"{}", b'{"scenario_uuid": "rtsp://user:hunter2@cam/"}'):
            platform.producer.send_raw(topic.name, b"poison", value, [])
    platform.producer.flush(10)
    platform.wait_state(platform.startup(), "active")
    wait_for(lambda: platform.operator.metric("vap_dead_letters_total") == 6, "six dead letters")
    assert "hunter2" not in platform.operator.log.read_text()
