"""A real runner process on a real broker, and the operator's side of the conversation."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Self
from uuid import UUID

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from tests.support.waiting import wait_for
from vap_common.kafka.connection import consumer_config
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import RESULTS, TO_DEPLOY, WORKER_STATUS
from vap_common.lifecycle import WorkerState
from vap_common.messages import (
    AnalysisSettings,
    DeployAction,
    FrameResult,
    ToDeploy,
    WorkerReport,
    WorkerStatus,
)
from vap_common.settings import KafkaSettings
from vap_common.times import epoch_milliseconds, utc_now

REPOSITORY = Path(__file__).parents[2]
CLIP = REPOSITORY / "local/vap_local/clips/pedestrians.mp4"


class Tail:
    """Reads what is sent to a topic from now on (and perhaps a little of what was before)."""

    def __init__(self, kafka: KafkaSettings, topic: str, partitions: int = 6) -> None:
        self._consumer = Consumer(consumer_config(kafka, "test", "test"))
        self._consumer.assign([TopicPartition(topic, number, self._end(topic, number)) for number in range(partitions)])
        self.values: list[bytes] = []

    def _end(self, topic: str, partition: int) -> int:
        def end() -> list[int] | None:
            try:
                return [self._consumer.get_watermark_offsets(TopicPartition(topic, partition))[1]]
            except KafkaException:
                return None  # a new topic has no leader yet

        return wait_for(end, f"the end of {topic}/{partition}")[0]

    def poll(self) -> int:
        """Reads on; how many values there are by now."""
        for record in self._consumer.consume(500, timeout=0.02):
            value = record.value()
            if record.error() is None and value is not None:
                self.values.append(value)
        return len(self.values)

    def rewind(self) -> None:
        """Reads again from the beginning, after the topic was emptied."""
        self._consumer.assign(
            [TopicPartition(tp.topic, tp.partition, OFFSET_BEGINNING) for tp in self._consumer.assignment()]
        )

    def close(self) -> None:
        self._consumer.close()


class Desk:
    """The operator's and the api's side: sends orders, reads heartbeats and results."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self.kafka = kafka
        self.producer = MessageProducer(kafka, "desk")
        self._heartbeats = Tail(kafka, WORKER_STATUS.name)
        self._results = Tail(kafka, RESULTS.name)

    def close(self) -> None:
        self.producer.close()
        self._heartbeats.close()
        self._results.close()

    def rewind(self) -> None:
        """The broker was emptied."""
        self._heartbeats.rewind()
        self._results.rewind()

    def send(self, order: ToDeploy) -> ToDeploy:
        self.producer.send_and_wait(TO_DEPLOY, str(order.scenario_uuid), order)
        return order

    def start(
        self,
        runner: str,
        camera_url: str = CLIP.as_uri(),
        *,
        scenario: UUID | None = None,
        epoch: int | None = None,
        encrypted: str | None = None,
        **analysis: object,
    ) -> ToDeploy:
        return self.send(
            ToDeploy(
                scenario_uuid=scenario or uuid.uuid4(),
                camera_url=camera_url,
                camera_url_encrypted=encrypted,
                worker_id=uuid.uuid4(),
                action=DeployAction.START,
                runner=runner,
                epoch=epoch or epoch_milliseconds(),
                analysis=AnalysisSettings.model_validate({"detector": "mock"} | analysis),
                issued_at=utc_now(),
            )
        )

    def stop(self, order: ToDeploy) -> None:
        self.send(order.model_copy(update={"action": DeployAction.STOP}))

    def tombstone(self, order: ToDeploy) -> None:
        self.producer.send_and_wait(TO_DEPLOY, str(order.scenario_uuid), None)

    def heartbeats(self, pod: str | None = None) -> list[WorkerStatus]:
        self._heartbeats.poll()
        found = [WorkerStatus.decode(value) for value in self._heartbeats.values]
        return [status for status in found if pod is None or status.pod == pod]

    def report(self, order: ToDeploy) -> WorkerReport | None:
        """The newest report of the order's worker in the newest heartbeat of its runner."""
        of_runner = [status for status in self.heartbeats() if status.runner == order.runner]
        if not of_runner:
            return None
        newest = max(of_runner, key=lambda status: status.sequence)
        return next(
            (r for r in newest.workers if (r.scenario_uuid, r.epoch) == (order.scenario_uuid, order.epoch)), None
        )

    def reports(self, order: ToDeploy) -> list[WorkerReport]:
        """All reports of the order's worker, oldest first."""
        return [
            report
            for status in sorted(self.heartbeats(), key=lambda status: status.sequence)
            for report in status.workers
            if (report.scenario_uuid, report.epoch) == (order.scenario_uuid, order.epoch)
        ]

    def states(self, order: ToDeploy) -> list[WorkerState]:
        """The states that were reported, without repetitions."""
        states: list[WorkerState] = []
        for report in self.reports(order):
            if not states or states[-1] is not report.state:
                states.append(report.state)
        return states

    def wait_state(self, order: ToDeploy, state: WorkerState, timeout_s: float = 30.0) -> WorkerReport:
        def reached() -> WorkerReport | None:
            return next((r for r in self.reports(order) if r.state is state), None)

        return wait_for(reached, f"state {state}", timeout_s)

    def wait_error(self, order: ToDeploy, timeout_s: float = 30.0) -> WorkerReport:
        def troubled() -> WorkerReport | None:
            return next((r for r in self.reports(order) if r.error is not None), None)

        return wait_for(troubled, "a report with an error", timeout_s)

    def results(self, order: ToDeploy) -> list[FrameResult]:
        """Results of the order's epoch in order of frame number."""
        self._results.poll()
        found = [FrameResult.decode(value) for value in self._results.values]
        return sorted(
            (r for r in found if (r.scenario_uuid, r.epoch) == (order.scenario_uuid, order.epoch)),
            key=lambda r: (r.frame_number, r.timestamp),
        )

    def wait_results(self, order: ToDeploy, count: int, timeout_s: float = 30.0) -> list[FrameResult]:
        def enough() -> list[FrameResult] | None:
            results = self.results(order)
            return results if len(results) >= count else None

        return wait_for(enough, f"{count} results", timeout_s)


def command_line(pid: int) -> str:
    """As `ps` shows it."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class RunnerProcess:
    """`vap-runner` as a process of its own, with everything it prints in a file."""

    def __init__(self, desk: Desk, folder: Path, *, slots: int = 1, **environment: str) -> None:
        self.desk = desk
        self.pod = f"pod-{uuid.uuid4().hex[:6]}"
        self.log_file = folder / f"{self.pod}.log"
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": desk.kafka.kafka_bootstrap_servers,
            "KAFKA_IDEMPOTENT_PRODUCER": str(desk.kafka.kafka_idempotent_producer).lower(),
            "POD_NAME": self.pod,
            "MAX_WORKERS": str(slots),
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": "0",
            "LOG_FORMAT": "json",
            "CAMERA_ALLOW_LOOPBACK": "true",
            "CAMERA_FILE_ROOTS": f"{CLIP.parent}:{folder}",
            "WARM_DETECTORS": "",
        }
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vap_runner.main"],
                env=os.environ | settings | environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def status(self) -> WorkerStatus | None:
        """The newest heartbeat."""
        found = self.desk.heartbeats(self.pod)
        return max(found, key=lambda status: status.sequence) if found else None

    def wait_status(self, what: str, probe: Callable[[WorkerStatus], bool], timeout_s: float = 30.0) -> WorkerStatus:
        def matching() -> WorkerStatus | None:
            if self.process.poll() is not None:
                raise AssertionError(f"the runner has exited:\n{self.log}")
            status = self.status()
            return status if status is not None and probe(status) else None

        try:
            return wait_for(matching, what, timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log[-4000:]}") from None

    def wait_warm(self, count: int = 1) -> str:
        """Waits for warm slots; the runner's name."""
        return self.wait_status(f"{count} warm slots", lambda status: status.warm_slots >= count).runner

    def children(self) -> list[int]:
        """The process ids of the workers."""
        return [
            int(child)
            for tasks in Path(f"/proc/{self.process.pid}/task").iterdir()
            for child in (tasks / "children").read_text().split()
        ]

    def get(self, path: str) -> str:
        """What the runner's health server says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port()}{path}", timeout=5) as response:
            text: str = response.read().decode()
            return text

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz") == "ok\n"
        except urllib.error.HTTPError:
            return False

    def metrics(self) -> str:
        return self.get("/metrics")

    def health_port(self) -> int:
        def port() -> int | None:
            for line in self.log.splitlines():
                if '"runner.started"' in line:
                    return int(line.partition('"health_port": ')[2].partition(",")[0].rstrip("}"))
            return None

        return wait_for(port, "the health port")
