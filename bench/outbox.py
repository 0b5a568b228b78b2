"""How fast the outbox drains, and how soon a commit is at the broker. `python bench/outbox.py`

Ratios against plain loops of the same run, interleaved: machines and their load differ, ratios less so.
"""

import argparse
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg2
from confluent_kafka import Producer
from facts import machine_facts, percentile
from prometheus_client import CollectorRegistry
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import execute_values
from pydantic import SecretStr

from vap_api.commands.migrate import run_migrate
from vap_api.commands.relay import build_relay
from vap_api.outbox.repository import OutboxRepository
from vap_api.process.stop import StopSignal
from vap_api.settings import Settings
from vap_common.kafka.connection import producer_config
from vap_common.kafka.headers import new_traceparent
from vap_common.kafka.topics import INIT_SCENARIO
from vap_common.messages import InitScenario
from vap_common.times import utc_now
from vap_local.embedded.broker import EmbeddedBroker
from vap_local.embedded.postgres import EmbeddedPostgres

BATCH = 5000
EVENTS_PER_SECOND = 200


def fill(connection: Connection, count: int) -> None:
    """Puts `count` rows of as many scenarios into the outbox."""
    rows = []
    for _ in range(count):
        scenario = uuid.uuid4()
        message = InitScenario(scenario_uuid=scenario, camera_url="rtsp://10.0.0.7/stream1", requested_at=utc_now())
        rows.append((str(scenario), message.encode().decode(), new_traceparent()))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outbox_scenario")
        execute_values(
            cursor, "INSERT INTO outbox_scenario (scenario_uuid, payload, traceparent) VALUES %s", rows, page_size=BATCH
        )
        cursor.execute("ANALYZE outbox_scenario")


def plain_loop(connection: Connection, settings: Settings, count: int) -> float:
    """Rows/s of the shortest loop that could be called a relay: no order, no errors, no checks."""
    fill(connection, count)
    producer = Producer(producer_config(settings, "bench"))
    producer.list_topics(timeout=5)
    started = time.perf_counter()
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT id, scenario_uuid::text, payload::text FROM outbox_scenario WHERE NOT published"
                " ORDER BY id LIMIT %s",
                (BATCH,),
            )
            rows = cursor.fetchall()
            if not rows:
                break
            for _, key, value in rows:
                producer.produce(INIT_SCENARIO.name, value=value, key=key)
            producer.flush()
            cursor.execute(
                "UPDATE outbox_scenario SET published = true WHERE id = ANY(%s)", ([row[0] for row in rows],)
            )
    return count / (time.perf_counter() - started)


def relay_drain(connection: Connection, settings: Settings, count: int) -> float:
    """Rows/s of the product's relay."""
    fill(connection, count)
    process = build_relay(settings, CollectorRegistry())
    stop = StopSignal()
    process.relay.drain(connection, stop)  # the connection to the broker is not part of the rate
    fill(connection, count)
    started = time.perf_counter()
    while process.relay.drain(connection, stop).claimed:
        pass
    rate = count / (time.perf_counter() - started)
    process.publisher.close()
    return rate


class TimedRepository(OutboxRepository):
    """Notes when rows were acknowledged: marking is what comes right after."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, float] = {}

    def mark_published(self, connection: Connection, ids: Sequence[int]) -> None:
        now = time.perf_counter()
        self.acknowledged.update((row_id, now) for row_id in ids)
        super().mark_published(connection, ids)


def latencies(connection: Connection, settings: Settings, seconds: float) -> list[float]:
    """Milliseconds from commit to acknowledgement, at EVENTS_PER_SECOND."""
    fill(connection, 1)
    repository = TimedRepository()
    process = build_relay(settings, CollectorRegistry(), repository)
    stop = StopSignal()
    thread = threading.Thread(target=process.run, args=(stop,))
    thread.start()
    while not repository.acknowledged:
        time.sleep(0.01)
    committed: dict[int, float] = {}
    begin = time.perf_counter()
    with connection.cursor() as cursor:
        for number in range(int(seconds * EVENTS_PER_SECOND)):
            time.sleep(max(0.0, begin + number / EVENTS_PER_SECOND - time.perf_counter()))
            scenario = uuid.uuid4()
            message = InitScenario(scenario_uuid=scenario, camera_url="rtsp://10.0.0.7/a", requested_at=utc_now())
            cursor.execute("BEGIN")
            cursor.execute(
                "INSERT INTO outbox_scenario (scenario_uuid, payload) VALUES (%s, %s) RETURNING id",
                (str(scenario), message.encode().decode()),
            )
            row = cursor.fetchone()
            assert row
            cursor.execute("NOTIFY vap_outbox")
            cursor.execute("COMMIT")
            committed[row[0]] = time.perf_counter()
    while not committed.keys() <= repository.acknowledged.keys():
        time.sleep(0.01)
    stop.set()
    thread.join()
    return [max(0.0, repository.acknowledged[row_id] - at) * 1000 for row_id, at in committed.items()]


def main() -> None:
    """Starts an own database and broker, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vap-bench-")))
        folder.chmod(0o755)
        postgres, broker = EmbeddedPostgres(folder / "pg"), EmbeddedBroker(folder / "broker.log")
        postgres.start()
        stack.callback(postgres.stop)
        broker.start()
        stack.callback(broker.kill)
        settings = Settings(
            database_url=SecretStr(postgres.url()),
            kafka_bootstrap_servers=broker.bootstrap_servers,
            kafka_idempotent_producer=False,
            health_host="127.0.0.1",
            relay_health_port=0,
        )
        run_migrate(settings, 30)
        connection = psycopg2.connect(postgres.url())
        connection.autocommit = True
        print(machine_facts())
        plain, relay = [], []
        for _ in range(arguments.rounds):
            plain.append(plain_loop(connection, settings, arguments.rows))
            relay.append(relay_drain(connection, settings, arguments.rows))
        ratios = sorted(ours / theirs for ours, theirs in zip(relay, plain, strict=True))
        print(f"plain loop   {max(plain):>9,.0f} events/s best of {arguments.rounds}")
        print(f"relay        {max(relay):>9,.0f} events/s best of {arguments.rounds}")
        print(f"relay/plain  {ratios[len(ratios) // 2]:>9.2f} (median; {ratios[0]:.2f} to {ratios[-1]:.2f})")
        found = latencies(connection, settings, arguments.seconds)
        print(
            f"commit → ack at {EVENTS_PER_SECOND}/s: p50 {percentile(found, 0.5):.2f} ms, "
            f"p99 {percentile(found, 0.99):.2f} ms, max {max(found):.2f} ms ({len(found)} events)"
        )
        connection.close()


if __name__ == "__main__":
    main()
