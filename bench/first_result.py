"""From the request for a scenario to its first result readable by GET, and where the time goes.

`python bench/first_result.py` starts a platform of its own; `--state-dir DIR` measures one that runs. Scenarios are
started one after the other, each when the slots are warm again, on the demo clip as a file camera. Hops are taken
from timestamps that the platform stores anyway (rows, records, results); all clocks are this machine's.
"""

import contextlib
import itertools
import os
import platform as machine
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx
import psycopg2
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from vap_common.kafka.topics import INIT_SCENARIO, TO_DEPLOY, WORKER_STATUS
from vap_common.lifecycle import WorkerState
from vap_common.messages import InitScenario, ToDeploy, WorkerStatus
from vap_common.messages.to_deploy import DeployAction
from vap_local.commands.status import read_status
from vap_local.state.folder import StateFolder
from vap_local.state.record import PlatformRecord

VAP = str(Path(sysconfig.get_path("scripts")) / "vap")
TARGET_MS = {"p50": 150, "p99": 400}
FIRST_TIMEOUT_S = 30.0
POLL_S = 0.002
MARKERS = ("<!-- first_result -->", "<!-- /first_result -->")

HOPS = (
    ("insert", "request sent → row of `scenarios` (transaction began)"),
    ("relay", "row → record of `init_scenario` handed to the broker"),
    ("operator: CR", "record → custom resource made, slot chosen (the epoch's own time)"),
    ("operator: assign", "epoch → `to_deploy` issued, after the assignment was persisted"),
    ("to_deploy → worker", "order issued → the worker process has it (the runner's heartbeat says so)"),
    ("open, decode", "worker has the order → first frame captured"),
    ("detect", "inference alone, as the worker measured it"),
    ("hand-over", "the rest from frame captured → result published: colour, sampling, queue to the producer"),
    ("inbox", "result published → row of `scenario_results` (transaction began)"),
    ("read", "row → read by GET, polled each 2 ms"),
)


@dataclass(frozen=True)
class Sample:
    """One scenario. Times in milliseconds."""

    total: float
    post: float
    hops: tuple[float, ...]


class Tap:
    """Reads the topics beside the services: when records were made, and whether a slot is warm."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap_servers, "group.id": "bench-first-result", "fetch.wait.max.ms": 20}
        )
        self._consumer.assign(
            [
                TopicPartition(topic.name, partition, OFFSET_BEGINNING)
                for topic in (INIT_SCENARIO, TO_DEPLOY, WORKER_STATUS)
                for partition in range(topic.partitions)
            ]
        )
        self.requested: dict[str, float] = {}
        """Unix time at which the record of `init_scenario` was handed to the broker."""
        self.issued: dict[str, tuple[float, int]] = {}
        """When `to_deploy` was issued, and the epoch."""
        self.deployed: dict[str, float] = {}
        """When the first heartbeat was sent that tells of a process with the scenario."""
        self.slots: dict[str, tuple[float, int, int]] = {}
        """When a runner's last heartbeat was sent, its free slots, and how many of them are warm."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def is_warm(self) -> bool:
        """Whether every free slot of the runners that report is loaded: nothing is warmed up beside the measurement."""
        reports = [(free, warm) for sent, free, warm in self.slots.values() if time.time() - sent < 5]
        return bool(reports) and all(warm == free > 0 for free, warm in reports)

    def close(self) -> None:
        """Ends the reading."""
        self._closing.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            for record in self._consumer.consume(500, timeout=0.05):
                value = record.value()
                if record.error() is not None or value is None:
                    continue
                made_at = record.timestamp()[1] / 1000
                if record.topic() == INIT_SCENARIO.name:
                    self.requested.setdefault(str(InitScenario.decode(value).scenario_uuid), made_at)
                elif record.topic() == TO_DEPLOY.name:
                    order = ToDeploy.decode(value)
                    if order.action is DeployAction.START:
                        self.issued.setdefault(str(order.scenario_uuid), (order.issued_at.timestamp(), order.epoch))
                else:
                    status = WorkerStatus.decode(value)
                    for worker in status.workers:
                        if worker.process_pid is not None and worker.state is not WorkerState.PENDING:
                            self.deployed.setdefault(str(worker.scenario_uuid), status.sent_at.timestamp())
                    free = status.slots - len(status.workers)
                    self.slots[status.runner] = (status.sent_at.timestamp(), free, status.warm_slots)


class Bench:
    """Measures one scenario at a time."""

    def __init__(self, record: PlatformRecord) -> None:
        self._clip = record.clip
        self._http = httpx.Client(base_url=f"{record.api}/api/v1", timeout=10)
        self._database = psycopg2.connect(record.database)
        self._database.autocommit = True
        self._tap = Tap(record.kafka)

    def close(self) -> None:
        """Lets go of everything."""
        self._tap.close()
        self._database.close()
        self._http.close()

    def measure(self) -> Sample:
        """Starts a scenario, waits for its first result, ends it."""
        wait(self._tap.is_warm, "warm slots")
        sent_at = time.time()
        answer = self._http.post("/scenario/init", json={"camera_url": self._clip})
        post = (time.time() - sent_at) * 1000
        scenario = answer.raise_for_status().json()["scenario_uuid"]
        path = f"/prediction/{scenario}"
        wait(lambda: bool(self._http.get(path, params={"limit": 1}).json()["results"]), "the first result", POLL_S)
        read_at = time.time()
        self._http.post(f"/scenario/{scenario}/shutdown").raise_for_status()
        wait(lambda: self._state(scenario) == "inactive", "the end of the scenario")
        tap = self._tap
        wait(lambda: all(scenario in seen for seen in (tap.requested, tap.issued, tap.deployed)), "its records")
        created, captured, inference, published, stored = self._rows(scenario)
        issued, epoch = tap.issued[scenario]
        # A heartbeat may tell of the start and of the first frame in one.
        deployed = min(max(tap.deployed[scenario], issued), captured)
        inferred = min(captured + inference, published)
        moments = (
            sent_at, created, tap.requested[scenario], epoch / 1000, issued, deployed, captured, inferred, published,
            stored, read_at,
        )  # fmt: skip
        hops = tuple((after - before) * 1000 for before, after in itertools.pairwise(moments))
        return Sample((read_at - sent_at) * 1000, post, hops)

    def _state(self, scenario: str) -> str:
        return str(self._http.get(f"/scenarios/{scenario}").json()["status"])

    def _rows(self, scenario: str) -> tuple[float, float, float, float, float]:
        with self._database.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM s.created_at), extract(epoch FROM r.timestamp),"
                " r.inference_ms / 1000, extract(epoch FROM r.published_at), extract(epoch FROM r.stored_at)"
                " FROM scenarios s JOIN scenario_results r USING (scenario_uuid)"
                " WHERE scenario_uuid = %s ORDER BY r.epoch, r.frame_number LIMIT 1",
                (scenario,),
            )
            row = cursor.fetchone()
        assert row is not None
        created, captured, inference, published, stored = (float(value) for value in row)
        return created, captured, inference, published, stored


def wait(condition: Callable[[], bool], what: str, interval_s: float = 0.02) -> None:
    """Waits until `condition()`; ends the program when that takes too long."""
    deadline = time.monotonic() + FIRST_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise click.ClickException(f"waited {FIRST_TIMEOUT_S:g} s in vain for {what}")
        time.sleep(interval_s)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie, between the two nearest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def report(samples: Sequence[Sample], runs_own: bool, load_before: float) -> str:
    """The table, in Markdown."""
    lines = [
        f"{len(samples)} scenarios, warm slot, file camera, detector nanodet; "
        + ("a platform of its own" if runs_own else "a running platform"),
        f"Machine: {machine_facts()}; load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after",
        "",
        "| hop | p50 ms | p99 ms | max ms | what |",
        "|---|---|---|---|---|",
    ]
    totals = [sample.total for sample in samples]
    rows = [("**POST → first result by GET**", totals, f"target p50 < {TARGET_MS['p50']}, p99 < {TARGET_MS['p99']}")]
    rows += [(name, [sample.hops[index] for sample in samples], what) for index, (name, what) in enumerate(HOPS)]
    rows.append(("POST itself", [sample.post for sample in samples], "request sent → answer read"))
    for name, values, what in rows:
        lines.append(
            f"| {name} | {percentile(values, 0.5):.1f} | {percentile(values, 0.99):.1f} | {max(values):.1f} | {what} |"
        )
    lines += ["", f"Mean {statistics.mean(totals):.1f} ms, standard deviation {statistics.pstdev(totals):.1f} ms."]
    return "\n".join(lines)


def with_table(text: str, table: str) -> str:
    """`text` with `table` between its two markers. Raises click.ClickException where they are missing."""
    before, begin, rest = text.partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not begin or not end:
        raise click.ClickException(f"the file needs a line {MARKERS[0]} and one {MARKERS[1]}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def machine_facts() -> str:
    """Processor, cores, memory, system, Python."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{names[0] if names else machine.machine()}, {os.cpu_count()} CPUs, {memory:.0f} GiB, "
        f"Linux {machine.release()}, Python {machine.python_version()}"
    )


@contextlib.contextmanager
def running_platform(state_dir: Path | None) -> Iterator[PlatformRecord]:
    """The record of the platform to measure; one of its own is stopped afterwards."""
    if state_dir is not None:
        status = read_status(StateFolder(state_dir.absolute()))
        if status is None:
            raise click.ClickException(f"nothing runs on {state_dir}")
        yield status.record
        return
    with tempfile.TemporaryDirectory(prefix="vap-bench-") as folder:
        subprocess.run([VAP, "up", "--detach", "--state-dir", f"{folder}/state"], check=True, stdout=subprocess.DEVNULL)
        try:
            status = read_status(StateFolder(Path(folder, "state")))
            assert status is not None
            yield status.record
        finally:
            subprocess.run([VAP, "down", "--state-dir", f"{folder}/state"], check=True, stdout=subprocess.DEVNULL)


@click.command(help=__doc__)
@click.option("--state-dir", type=click.Path(path_type=Path, exists=True), help="A platform that runs.")
@click.option("--count", type=click.IntRange(2), default=50, show_default=True, help="Scenarios that are measured.")
@click.option("--warm-up", type=click.IntRange(0), default=3, show_default=True, help="Scenarios before these.")
@click.option("--write", type=click.Path(path_type=Path, exists=True), help="Puts the table into this Markdown file.")
@click.option("--check", is_flag=True, help="Exit code 1 when a target is missed.")
def main(state_dir: Path | None, count: int, warm_up: int, write: Path | None, check: bool) -> None:
    """Measures and prints."""
    load_before = os.getloadavg()[0]
    with running_platform(state_dir) as record:
        print(f"measuring {urlsplit(record.api).netloc}", file=sys.stderr)
        bench = Bench(record)
        try:
            samples = [bench.measure() for _ in range(warm_up + count)][warm_up:]
        finally:
            bench.close()
    table = report(samples, runs_own=state_dir is None, load_before=load_before)
    print(table)
    if write is not None:
        write.write_text(with_table(write.read_text(), table))
    totals = [sample.total for sample in samples]
    missed = percentile(totals, 0.5) >= TARGET_MS["p50"] or percentile(totals, 0.99) >= TARGET_MS["p99"]
    sys.exit(1 if check and missed else 0)


if __name__ == "__main__":
    main()
