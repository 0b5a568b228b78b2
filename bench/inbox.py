"""How fast the inbox stores results, and how soon one is readable. `python bench/inbox.py`

The measure is COPY of the same rows into a table with the same index, in the same run and interleaved. The
inbox reads them from Kafka, validates them and drops repetitions besides.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import psycopg2
from facts import machine_facts, percentile
from psycopg2.extensions import connection as Connection  # noqa: N812
from pydantic import SecretStr

from vap_api.commands.migrate import run_migrate
from vap_api.inbox.result_store import copy_line
from vap_api.settings import Settings
from vap_common.kafka.producer import MessageProducer, ProducerQueueFullError
from vap_common.kafka.topics import RESULTS
from vap_common.messages import Detection, FrameResult
from vap_common.times import epoch_milliseconds, utc_now
from vap_local.embedded.broker import EmbeddedBroker
from vap_local.embedded.postgres import EmbeddedPostgres

BATCH = 5000
SCENARIOS = 400
COLUMNS = (
    "scenario_uuid, epoch, frame_number, timestamp, worker_id, width, height, detector, inference_ms, detections,"
    " published_at"
)


def frames(count: int) -> list[FrameResult]:
    """Results of SCENARIOS cameras with two detections each."""
    scenarios = [uuid.uuid4() for _ in range(SCENARIOS)]
    epoch, worker = epoch_milliseconds(), uuid.uuid4()
    return [result(scenarios[number % SCENARIOS], number // SCENARIOS + 1, epoch, worker) for number in range(count)]


def result(scenario: UUID, number: int, epoch: int, worker: UUID) -> FrameResult:
    """One result."""
    return FrameResult(
        scenario_uuid=scenario,
        frame_number=number,
        detections=(
            Detection(class_name="person", confidence=0.8712, bbox=(120, 44, 310, 402)),
            Detection(class_name="car", confidence=0.5523, bbox=(400, 200, 620, 380)),
        ),
        timestamp=utc_now(),
        epoch=epoch,
        worker_id=worker,
        width=1280,
        height=720,
        detector="nanodet",
        inference_ms=48.3,
        published_at=utc_now(),
    )


def copy_rate(connection: Connection, results: list[FrameResult]) -> float:
    """Rows/s of COPY alone, in batches as large as the inbox's; the lines are made beforehand."""
    batches = [
        "".join(copy_line(entry) for entry in results[start : start + BATCH]) for start in range(0, len(results), BATCH)
    ]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS copied")
        cursor.execute("CREATE TABLE copied (LIKE scenario_results INCLUDING ALL)")
        started = time.perf_counter()
        for batch in batches:
            cursor.copy_expert(f"COPY copied ({COLUMNS}) FROM STDIN", io.StringIO(batch))
        rate = len(results) / (time.perf_counter() - started)
        cursor.execute("DROP TABLE copied")
    return rate


def start_inbox(settings: Settings, group: str) -> "subprocess.Popen[bytes]":
    """The product's inbox as its own process."""
    assert settings.database_url
    environment = os.environ | {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "KAFKA_IDEMPOTENT_PRODUCER": "false",
        "KAFKA_FETCH_WAIT_MAX_MS": "5",
        "INBOX_SESSION_TIMEOUT_MS": "2000",
        "INBOX_GROUP_PREFIX": group,
        "HEALTH_HOST": "127.0.0.1",
        "INBOX_HEALTH_PORT": "0",
        "LOG_LEVEL": "ERROR",
    }
    return subprocess.Popen([sys.executable, "-m", "vap_api.main", "inbox"], env=environment)


def stored(connection: Connection) -> int:
    """Rows in the table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM scenario_results")
        row = cursor.fetchone()
        assert row
        return int(row[0])


def inbox_rate(connection: Connection, settings: Settings, count: int) -> float:
    """Rows/s between the starts of the first and the last transaction; the group's forming is not part of it."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE scenario_results")
    inbox = start_inbox(settings, f"bench-{uuid.uuid4()}")
    try:
        while stored(connection) < count:
            time.sleep(0.25)
    finally:
        inbox.terminate()
        inbox.wait()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE stored_at < last), extract(epoch FROM last - min(stored_at))::float8"
            " FROM scenario_results, (SELECT max(stored_at) AS last FROM scenario_results) AS newest GROUP BY last"
        )
        row = cursor.fetchone()
        assert row
    return float(row[0] / row[1])


def latencies(connection: Connection, settings: Settings, producer: MessageProducer, count: int) -> list[float]:
    """Milliseconds from sending a lone result until a query finds it."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE scenario_results")
    inbox = start_inbox(settings, f"bench-{uuid.uuid4()}")
    scenario, worker = uuid.uuid4(), uuid.uuid4()
    found = []
    try:
        with connection.cursor() as cursor:
            for number in range(1, count + 1):
                started = time.perf_counter()
                producer.send(RESULTS, str(scenario), result(scenario, number, 1, worker))
                while True:
                    cursor.execute(
                        "SELECT 1 FROM scenario_results WHERE scenario_uuid = %s AND epoch = 1 AND frame_number = %s",
                        (str(scenario), number),
                    )
                    if cursor.fetchone():
                        break
                    time.sleep(0.0005)
                found.append((time.perf_counter() - started) * 1000)
                time.sleep(0.02)
    finally:
        inbox.terminate()
        inbox.wait()
    return found[1:]  # the first one waited for the group


def main() -> None:
    """Starts an own database and broker, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=200)
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
        )
        run_migrate(settings, 30)
        connection = psycopg2.connect(postgres.url())
        connection.autocommit = True
        print(machine_facts())
        producer = stack.enter_context(MessageProducer(settings, "bench"))
        results = frames(arguments.rows)
        for entry in results:
            try:
                producer.send(RESULTS, str(entry.scenario_uuid), entry)
            except ProducerQueueFullError:
                producer.flush(30)
                producer.send(RESULTS, str(entry.scenario_uuid), entry)
        producer.flush(30)
        copied, inbox = [], []
        for _ in range(arguments.rounds):
            copied.append(copy_rate(connection, results))
            inbox.append(inbox_rate(connection, settings, arguments.rows))
        ratios = sorted(ours / theirs for ours, theirs in zip(inbox, copied, strict=True))
        print(f"COPY        {max(copied):>9,.0f} rows/s best of {arguments.rounds}")
        print(f"inbox       {max(inbox):>9,.0f} rows/s best of {arguments.rounds}")
        print(f"inbox/COPY  {ratios[len(ratios) // 2]:>9.2f} (median; {ratios[0]:.2f} to {ratios[-1]:.2f})")
        found = latencies(connection, settings, producer, arguments.singles)
        print(
            f"sent → readable, one at a time: p50 {percentile(found, 0.5):.1f} ms, "
            f"p99 {percentile(found, 0.99):.1f} ms ({len(found)} results)"
        )
        connection.close()


if __name__ == "__main__":
    main()
