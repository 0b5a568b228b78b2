"""A runner without video: reads `to_deploy`, sends heartbeats, and does to its workers what a test asks for.

It keeps the runner's part of the contract: it starts at the end of `to_deploy`, starts one (scenario, epoch) at
most once, obeys the newest order, ignores older ones, reports every two seconds and at once on change, and keeps
an ended worker in its heartbeats until it has read a stop.
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaException

from vap_common.kafka.dead_letters import DeadLetterQueue
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.reader import StartAt, TopicReader
from vap_common.kafka.topics import TO_DEPLOY, WORKER_STATUS
from vap_common.lifecycle import WorkerErrorType, WorkerState
from vap_common.messages import DeployAction, ToDeploy, WorkerError, WorkerReport, WorkerStatus
from vap_common.settings import KafkaSettings
from vap_common.times import utc_now

HEARTBEAT_S = 0.5
STEP_S = 0.02


@dataclass
class FakeWorker:
    order: ToDeploy
    state: WorkerState = WorkerState.DEPLOYED
    stop_read: bool = False
    frames: int = 0
    error: WorkerError | None = None
    message: str = ""

    def report(self) -> WorkerReport:
        return WorkerReport(
            worker_id=self.order.worker_id,
            scenario_uuid=self.order.scenario_uuid,
            epoch=self.order.epoch,
            state=self.state,
            stop_read=self.stop_read,
            process_pid=4242,
            frames=self.frames,
            fps=5.0,
            last_frame_at=utc_now() if self.frames else None,
            error=self.error,
            message=self.message,
        )


Script = Callable[[FakeWorker], None]
"""What a new worker does, such as `run`."""


def run(worker: FakeWorker) -> None:
    """Analyses frames until told otherwise."""
    worker.state, worker.frames = WorkerState.RUNNING, 1


def wait(worker: FakeWorker) -> None:
    """Opens the source for ever."""


def complete(worker: FakeWorker) -> None:
    """A short file."""
    worker.state, worker.frames = WorkerState.COMPLETED, 12


def reject(worker: FakeWorker) -> None:
    """No slot was free."""
    worker.state = WorkerState.REJECTED
    worker.error = WorkerError(type=WorkerErrorType.NO_FREE_SLOT, message="no free slot")


def fail(type_: WorkerErrorType, message: str = "as the test wants it") -> Script:
    def script(worker: FakeWorker) -> None:
        worker.state = WorkerState.FAILED
        worker.error = WorkerError(type=type_, message=message)

    return script


def trouble(type_: WorkerErrorType, message: str = "the camera does not answer") -> Script:
    """The source cannot be read for now; the worker goes on trying."""

    def script(worker: FakeWorker) -> None:
        worker.error = WorkerError(type=type_, message=message)

    return script


def recover(worker: FakeWorker) -> None:
    """The source can be read (again)."""
    worker.error = None
    run(worker)


SCRIPTS: dict[str, Script] = {
    "run": run,
    "wait": wait,
    "complete": complete,
    "reject": reject,
    "missing": fail(WorkerErrorType.NOT_FOUND, "no such stream at rtsp://user:hunter2@10.0.0.7/missing"),
    "die": fail(WorkerErrorType.WORKER_DIED, "ended by signal 9"),
    "unreachable": trouble(WorkerErrorType.CONNECTION_FAILED),
}


def script_of(order: ToDeploy) -> Script:
    """By the last part of the camera's path; `x-once` is x for a scenario's first epoch, then run."""
    name = order.camera_url.rpartition("/")[2]
    return SCRIPTS.get(name.removesuffix("-once"), run)


class FakeRunner:
    """One runner process."""

    def __init__(self, kafka: KafkaSettings, pod: str, slots: int = 4, script: Script | None = None) -> None:
        self.kafka = kafka
        self.pod = pod
        self.name = f"{pod}.{uuid.uuid4().hex[:8]}"
        self.slots = slots
        self.script = script
        self.fresh: Callable[[ToDeploy], bool] = lambda _order: True
        """Whether no other runner has had that scenario."""
        self.draining = False
        self.stubborn = False
        """Whether it leaves workers running that it was told to stop."""
        self.workers: dict[uuid.UUID, FakeWorker] = {}
        self.starts: list[ToDeploy] = []
        self.orders: list[ToDeploy] = []
        self._newest: dict[uuid.UUID, tuple[int, int]] = {}
        self._sequence = 0
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._frozen = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=self.name, daemon=True)

    def start(self) -> "FakeRunner":
        self._thread.start()
        return self

    def stop(self) -> None:
        """The process ends without a word."""
        self._stop.set()
        self._thread.join(timeout=10)

    def freeze(self) -> None:
        """Neither reads nor speaks, as after SIGSTOP."""
        self._frozen.set()

    def thaw(self) -> None:
        self._frozen.clear()

    def change(self, scenario: uuid.UUID, script: Script) -> None:
        """Something happens to a worker."""
        with self._lock:
            script(self.workers[scenario])
            self._dirty = True

    def adopt(self, order: ToDeploy) -> None:
        """Runs a worker that nobody ordered."""
        with self._lock:
            self.workers[order.scenario_uuid] = worker = FakeWorker(order)
            run(worker)
            self._dirty = True

    def running(self) -> dict[uuid.UUID, int]:
        """Epochs of the workers that have not ended, by scenario."""
        with self._lock:
            return {
                scenario: worker.order.epoch for scenario, worker in self.workers.items() if not worker.state.is_ended
            }

    def _loop(self) -> None:
        self._dirty = True
        with MessageProducer(self.kafka, self.name) as producer:
            while not self._stop.is_set():
                reader = TopicReader(
                    self.kafka,
                    TO_DEPLOY,
                    ToDeploy,
                    client_id=self.name,
                    start=StartAt.END,
                    dead_letters=DeadLetterQueue(producer),
                )
                try:
                    reader.assign(timeout_s=2)
                    self._serve(reader, producer)
                except KafkaException:
                    self._stop.wait(0.2)
                finally:
                    reader.close()

    def _serve(self, reader: TopicReader[ToDeploy], producer: MessageProducer) -> None:
        due = check = 0.0
        while not self._stop.is_set():
            if self._frozen.is_set():
                self._stop.wait(STEP_S)
                continue
            for record in reader.read(STEP_S):
                if record.message is not None:
                    self._obey(record.message)
            now = time.monotonic()
            if now >= check:
                reader.caught_up()
                check = now + 1.0
            if self._dirty or now >= due:
                self._beat(producer)
                due = now + HEARTBEAT_S

    def _obey(self, order: ToDeploy) -> None:
        with self._lock:
            newest = self._newest.get(order.scenario_uuid, (0, 0))
            if order.order < newest:
                return
            self._newest[order.scenario_uuid] = order.order
            self.orders.append(order)
            mine = self.workers.get(order.scenario_uuid)
            if mine is not None and (order.epoch, order.action) != (mine.order.epoch, DeployAction.START):
                self._end(mine)
            if order.action is DeployAction.START and order.runner == self.name and order.order > newest:
                assert order.worker_id not in {start.worker_id for start in self.starts}, "an epoch was started twice"
                self.starts.append(order)
                worker = FakeWorker(order)
                self.workers[order.scenario_uuid] = worker
                first = sum(1 for start in self.starts if start.scenario_uuid == order.scenario_uuid) == 1
                again = order.camera_url.endswith("-once") and not (first and self.fresh(order))
                (self.script or (run if again else script_of(order)))(worker)
                self._dirty = True

    def _end(self, worker: FakeWorker) -> None:
        if self.stubborn:
            return
        worker.stop_read = True
        if not worker.state.is_ended:
            worker.state = WorkerState.STOPPED
        self._dirty = True

    def _beat(self, producer: MessageProducer) -> None:
        with self._lock:
            self._dirty = False
            for worker in self.workers.values():
                if worker.state is WorkerState.RUNNING:
                    worker.frames += 1
            self._sequence += 1
            busy = len(self.running())
            message = WorkerStatus(
                runner=self.name,
                pod=self.pod,
                sequence=self._sequence,
                slots=self.slots,
                warm_slots=max(0, self.slots - busy),
                draining=self.draining,
                workers=tuple(worker.report() for worker in self.workers.values()),
                sent_at=utc_now(),
            )
            producer.send(WORKER_STATUS, self.name, message)
            for scenario in [key for key, worker in self.workers.items() if worker.state.is_ended and worker.stop_read]:
                del self.workers[scenario]


class PodFarm:
    """Stands in for the kubelet: every pod that the operator makes gets a fake runner, a deleted pod's ends."""

    def __init__(self, kafka: KafkaSettings, list_pods: Callable[[], list[dict[str, object]]]) -> None:
        self.kafka = kafka
        self.slots: int | None = None
        self.gone: list[FakeRunner] = []
        self.runners: dict[str, FakeRunner] = {}
        self.hold = threading.Event()
        """While set, new pods do not start."""
        self._list_pods = list_pods
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="pod-farm", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=20)
        for runner in self.runners.values():
            runner.stop()

    def on(self, scenario: uuid.UUID) -> FakeRunner | None:
        """The runner where the scenario's worker lives."""
        return next((runner for runner in list(self.runners.values()) if scenario in runner.running()), None)

    def starts(self) -> list[ToDeploy]:
        """Every start that was obeyed."""
        return [order for runner in [*self.gone, *self.runners.values()] for order in runner.starts]

    def _loop(self) -> None:
        while not self._stop.wait(0.05):
            pods = {pod["metadata"]["name"]: pod for pod in self._list_pods()}  # type: ignore[index]
            for name, pod in pods.items():
                if name not in self.runners and not self.hold.is_set():
                    containers = pod["spec"]["containers"]  # type: ignore[index]
                    env = {entry["name"]: entry["value"] for entry in containers[0]["env"]}
                    assert env["POD_NAME"] == name
                    slots = self.slots or int(env["MAX_WORKERS"])
                    self.runners[name] = runner = FakeRunner(self.kafka, name, slots)
                    runner.fresh = self._is_fresh
                    runner.start()
            for name in [name for name in self.runners if name not in pods]:
                runner = self.runners.pop(name)
                runner.stop()
                self.gone.append(runner)

    def _is_fresh(self, order: ToDeploy) -> bool:
        return sum(1 for start in self.starts() if start.scenario_uuid == order.scenario_uuid) <= 1

    def restart(self, pod: str) -> FakeRunner:
        """The container of a pod is restarted: another boot, no workers."""
        old = self.runners[pod]
        old.stop()
        self.gone.append(old)
        self.runners[pod] = new = FakeRunner(self.kafka, pod, old.slots)
        new.fresh = self._is_fresh
        return new.start()
