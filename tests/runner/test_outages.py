"""Kafka goes away and comes back, with or without its memory; the runner goes on by itself."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import pytest

from tests.runner.harness import Desk, RunnerProcess
from tests.support.waiting import wait_for
from vap_common.kafka.admin import ensure_topics
from vap_common.lifecycle import WorkerState
from vap_common.settings import KafkaSettings
from vap_local.embedded.broker import EmbeddedBroker


class Quick(TypedDict):
    LEASE_SECONDS: str
    HEARTBEAT_INTERVAL_SECONDS: str


QUICK = Quick(LEASE_SECONDS="1.5", HEARTBEAT_INTERVAL_SECONDS="0.3")


@pytest.fixture
def own_desk(embedded_broker: EmbeddedBroker) -> Iterator[Desk]:
    """A desk on a broker of the test's own."""
    kafka = KafkaSettings(kafka_bootstrap_servers=embedded_broker.bootstrap_servers, kafka_idempotent_producer=False)
    ensure_topics(kafka, "test")
    desk = Desk(kafka)
    yield desk
    desk.close()


def test_results_of_an_outage_are_held_and_sent_afterwards(
    own_desk: Desk, embedded_broker: EmbeddedBroker, folder: Path
) -> None:
    with RunnerProcess(own_desk, folder, **QUICK) as runner:
        order = own_desk.start(runner.wait_warm(), on_stream_end="Restart", frame_interval_ms=100)
        own_desk.wait_results(order, 3)
        embedded_broker.process.send_signal(signal.SIGSTOP)
        try:

            def held() -> bool:
                return any(
                    line.startswith("vap_runner_results_held ") and float(line.split()[1]) >= 10
                    for line in runner.metrics().splitlines()
                )

            wait_for(held, "ten results held by the worker")
        finally:
            embedded_broker.process.send_signal(signal.SIGCONT)
        count = len(own_desk.results(order))
        results = own_desk.wait_results(order, count + 30)
        own_desk.stop(order)
        own_desk.wait_state(order, WorkerState.STOPPED)
    numbers = sorted({result.frame_number for result in results})
    assert numbers == list(range(1, numbers[-1] + 1)), "a frame of the outage is missing"


def test_an_emptied_broker_is_no_end(own_desk: Desk, embedded_broker: EmbeddedBroker, folder: Path) -> None:
    with RunnerProcess(own_desk, folder, slots=2, **QUICK) as runner:
        name = runner.wait_warm(2)
        order = own_desk.start(name, on_stream_end="Restart")
        for _ in range(30):  # so that the positions of the old log lie beyond the end of the new one
            own_desk.start("nobody")
        own_desk.wait_results(order, 3)
        embedded_broker.kill()
        embedded_broker.start()
        ensure_topics(own_desk.kafka, "test")
        own_desk.rewind()
        seen = len(own_desk.results(order))
        own_desk.wait_results(order, seen + 5)
        late = own_desk.start(name)
        own_desk.wait_state(late, WorkerState.RUNNING)
        assert "kafka.log_replaced" in runner.log
        own_desk.stop(order)
        own_desk.wait_state(order, WorkerState.STOPPED)


def test_a_runner_may_start_before_its_broker(own_desk: Desk, embedded_broker: EmbeddedBroker, folder: Path) -> None:
    embedded_broker.kill()
    with RunnerProcess(own_desk, folder, **QUICK) as runner:
        wait_for(lambda: "worker.warm" in runner.log, "a warm worker without a broker")
        assert not runner.is_ready()
        embedded_broker.start()
        ensure_topics(own_desk.kafka, "test")
        own_desk.rewind()
        order = own_desk.start(runner.wait_warm())
        own_desk.wait_results(order, 2)
        wait_for(runner.is_ready, "readiness")
