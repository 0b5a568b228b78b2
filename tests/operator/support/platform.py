"""An operator in its surroundings: a real API server, a real broker, runners without video."""

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from tests.operator.support.fake_runner import PodFarm
from tests.operator.support.kube_client import JsonObject, KubeClient
from tests.operator.support.processes import OperatorProcess
from tests.operator.support.topic_log import TopicLog
from tests.support.waiting import wait_for
from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import INIT_SCENARIO, SCENARIO_STATUS, TO_DEPLOY
from vap_common.messages import InitCommand, InitScenario, ScenarioStatus, ToDeploy
from vap_common.settings import KafkaSettings
from vap_common.times import utc_now
from vap_local.embedded.broker import EmbeddedBroker

RUNNER_TEMPLATE: JsonObject = {
    "spec": {
        "restartPolicy": "Always",
        "containers": [{"name": "runner", "image": "vap-runner:test", "env": [{"name": "LOG_LEVEL", "value": "INFO"}]}],
    }
}
ENDING = ["init_shutdown", "in_shutdown_processing", "inactive"]
LIVING = ["init_startup", "in_startup_processing", "active"]


@dataclass
class Platform:
    kafka: KafkaSettings
    broker: EmbeddedBroker
    kube: KubeClient
    farm: PodFarm
    producer: MessageProducer
    operator: OperatorProcess
    statuses: TopicLog[ScenarioStatus]
    orders: TopicLog[ToDeploy]
    secret_key: str

    def make_pool(self, name: str = "default", **spec: Any) -> None:
        wishes = {"maxWorkers": 4, "minRunners": 1, "maxRunners": 1, "warmSlots": 0, "idleSeconds": 300} | spec
        self.kube.create(
            "runnerpools",
            {
                "apiVersion": "vap.dev/v1alpha1",
                "kind": "RunnerPool",
                "metadata": {"name": name},
                "spec": {**wishes, "template": RUNNER_TEMPLATE},
            },
        )

    def wait_ready(self, free: int = 1) -> None:
        """Until the operator is ready and the pool has free slots."""
        wait_for(self.operator.ready, "the operator to be ready")
        wait_for(
            lambda: sum(p.get("status", {}).get("freeSlots", 0) for p in self.kube.list("runnerpools")) >= free,
            "free slots",
        )

    def ask(self, command: InitCommand, scenario: uuid.UUID, **fields: Any) -> None:
        """What the api would send."""
        fields = {"camera_url": "rtsp://10.0.0.7/a"} | fields
        message = InitScenario(scenario_uuid=scenario, command=command, requested_at=utc_now(), **fields)
        self.producer.send_and_wait(INIT_SCENARIO, str(scenario), message)

    def startup(self, **fields: Any) -> uuid.UUID:
        scenario = uuid.uuid4()
        self.ask(InitCommand.STARTUP, scenario, **fields)
        return scenario

    def shutdown(self, scenario: uuid.UUID) -> None:
        self.ask(InitCommand.SHUTDOWN, scenario)

    def apply(self, name: str, **spec: Any) -> uuid.UUID:
        """What `kubectl apply` would make; returns the uid."""
        source = {"url": "rtsp://10.0.0.8/b"}
        body = self.kube.create(
            "videoscenarios",
            {
                "apiVersion": "vap.dev/v1alpha1",
                "kind": "VideoScenario",
                "metadata": {"name": name},
                "spec": {"source": source} | spec,
            },
        )
        return uuid.UUID(body["metadata"]["uid"])

    def make_secret(self, name: str, url: str, key: str = "url") -> None:
        self.kube.create(
            "secrets",
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name},
                "data": {key: base64.b64encode(url.encode()).decode()},
            },
        )

    def scenario(self, name: object) -> JsonObject | None:
        """The custom resource, by its name or by REST's uuid."""
        return self.kube.get("videoscenarios", f"scenario-{name}" if isinstance(name, uuid.UUID) else str(name))

    def status(self, name: object) -> JsonObject:
        found = self.scenario(name)
        status: JsonObject = found["status"] if found is not None else {}
        return status

    def wait_state(self, name: object, state: str, reason: str | None = None, timeout_s: float = 30.0) -> JsonObject:
        """Until the custom resource is in a state; returns its status."""

        def reached() -> JsonObject | None:
            self.operator.check()
            status = self.status(name)
            good = status.get("state") == state and reason in (None, status.get("reason"))
            return status if good else None

        return wait_for(reached, f"{name} to be {state} ({reason}), now {self.status(name)}", timeout_s)

    def wait_gone(self, name: object, timeout_s: float = 30.0) -> None:
        wait_for(lambda: self.scenario(name) is None, f"{name} to be gone", timeout_s)

    def wait_published(self, scenario: uuid.UUID, state: str, timeout_s: float = 30.0) -> ScenarioStatus:
        def published() -> ScenarioStatus | None:
            last = self.statuses.last(scenario)
            return last if last is not None and last.status == state else None

        return wait_for(published, f"{state} of {scenario} on scenario_status", timeout_s)

    def wait_reason(self, scenario: uuid.UUID, reason: str, timeout_s: float = 30.0) -> ScenarioStatus:
        def published() -> ScenarioStatus | None:
            last = self.statuses.last(scenario)
            return last if last is not None and last.ready_reason == reason else None

        return wait_for(published, f"{reason} of {scenario} on scenario_status", timeout_s)

    def wait_free_slots(self, count: int, pool: str = "default") -> None:
        """Until the pool says that so many slots are free."""
        wait_for(
            lambda: (self.kube.get("runnerpools", pool) or {}).get("status", {}).get("freeSlots") == count,
            f"{count} free slots",
        )

    def wait_epoch_after(self, name: object, epoch: int, timeout_s: float = 30.0) -> JsonObject:
        """Until the scenario is active in a newer epoch; returns its status."""

        def reached() -> JsonObject | None:
            self.operator.check()
            status = self.status(name)
            newer = status.get("placement", {}).get("epoch", 0) > epoch
            return status if newer and status.get("state") == "active" else None

        return wait_for(reached, f"a newer epoch of {name}, now {self.status(name)}", timeout_s)

    def history(self, scenario: uuid.UUID) -> list[str]:
        """States by the newest published status."""
        last = self.statuses.last(scenario)
        assert last is not None
        return [entry.state.value for entry in last.transitions]


@contextmanager
def running_platform(
    kubeconfig: Path, kafka: KafkaSettings, broker: EmbeddedBroker, folder: Path, **environment: str
) -> Iterator[Platform]:
    namespace = f"t-{uuid.uuid4().hex[:10]}"
    kube = KubeClient(kubeconfig, namespace)
    kube.http.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
    key = Fernet.generate_key().decode()
    producer = MessageProducer(kafka, "test")
    statuses = TopicLog(kafka, SCENARIO_STATUS, ScenarioStatus, producer)
    orders = TopicLog(kafka, TO_DEPLOY, ToDeploy, producer)
    farm = PodFarm(kafka, lambda: kube.list("pods"))
    operator = OperatorProcess(
        folder / "operator.log",
        {
            "KUBECONFIG": str(kubeconfig),
            "NAMESPACE": namespace,
            "KAFKA_BOOTSTRAP_SERVERS": kafka.kafka_bootstrap_servers,
            "KAFKA_IDEMPOTENT_PRODUCER": "false",
            "VAP_SECRET_KEY": key,
            **environment,
        },
    )
    platform = Platform(kafka, broker, kube, farm, producer, operator, statuses, orders, key)
    operator.start()
    farm.start()
    try:
        yield platform
    finally:
        operator.stop()
        farm.stop()
        statuses.stop()
        orders.stop()
        producer.close()
        for item in kube.list("videoscenarios"):
            kube.patch("videoscenarios", item["metadata"]["name"], {"metadata": {"finalizers": []}})
        kube.close()
