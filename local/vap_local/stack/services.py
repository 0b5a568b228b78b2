"""The supervision tree of the local platform: every process, what it needs, and when it is ready."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from vap_local.embedded.broker import broker_command
from vap_local.embedded.ports import LOOPBACK
from vap_local.embedded.postgres import DATABASE, DEATH_SIGNAL, EmbeddedPostgres, environment
from vap_local.kubeclient.client import KubeClient
from vap_local.kubeclient.connection import KubeConnection
from vap_local.kubeclient.errors import KubeApiError
from vap_local.stack.environment import NAMESPACE, Environments
from vap_local.stack.options import PoolOptions
from vap_local.stack.pool import apply_definitions, apply_pool, ready_runners, wanted_runners
from vap_local.stack.probes import accepts_connections, answers_http, answers_kubernetes
from vap_local.supervision.child import Launch
from vap_local.supervision.errors import StartError
from vap_local.supervision.log_files import tail
from vap_local.supervision.node import Node, Service, Step
from vap_local.supervision.run_to_end import run_to_end
from vap_local.supervision.scripts import script

STAGE_ENTRY = 0
STAGE_PODS = 1
STAGE_STORES = 2
STAGE_BACKENDS = 3
"""Order of the stop: first nothing new comes in, then workers end, then what they sent is stored, then the rest."""

RUNNERS_TIMEOUT_S = 60.0
RUNNERS_POLL_S = 0.05
PODS_STOP_GRACE_S = 25.0
INBOX_SESSION_TIMEOUT_MS = "2000"
"""The embedded broker holds back a new group for half of this."""


@dataclass(frozen=True)
class LocalStack:
    """Builds the nodes of one start."""

    environments: Environments
    postgres: EmbeddedPostgres | None
    """None where a DATABASE_URL is given."""
    pool: PoolOptions

    def nodes(self) -> list[Node]:
        """Everything, in the order in which it is best begun."""
        return [*self._backends(), *self._kubernetes(), *self._services(), self._camera(), self._runners()]

    def _backends(self) -> list[Node]:
        nodes: list[Node] = []
        if self.environments.endpoints.kafka_is_embedded:
            port = self.environments.addresses["kafka"]
            nodes.append(
                Service(
                    "broker",
                    partial(self._launch, "broker", broker_command(port), self.environments.base()),
                    ready=accepts_connections(port),
                    stop_stage=STAGE_BACKENDS,
                )
            )
        else:
            nodes.append(Step("broker", _nothing))
        if self.postgres is None:
            nodes.append(Step("database", _nothing))
            return nodes
        postgres = self.postgres
        return [
            *nodes,
            Service(
                "postgres",
                partial(self._launch_postgres, postgres, postgres.command()),
                prepare=partial(self._prepare_postgres, postgres),
                ready=partial(_call, postgres.answers),
                stop_signal=DEATH_SIGNAL,
                stop_stage=STAGE_BACKENDS,
            ),
            Step("database", partial(self._create_database, postgres), needs=("postgres",)),
        ]

    def _kubernetes(self) -> list[Node]:
        folder, addresses = self.environments.folder, self.environments.addresses
        kube = [
            sys.executable, "-m", "vap_local.kube", "--state-dir", str(folder.kube), "--port", str(addresses["kube"]),
            "--kubeconfig", str(folder.kubeconfig), "--logs-dir", str(folder.pod_logs),
        ]  # fmt: skip
        pods_environment = self.environments.base() | {
            "KUBECONFIG": str(folder.kubeconfig),
            "POD_NAMESPACE": NAMESPACE,
            "PODS_STATE_DIR": str(folder.pods),
            "PODS_LOG_DIR": str(folder.pod_logs),
            "HEALTH_PORT": str(addresses["pods-health"]),
        }
        return [
            Service(
                "kube-api",
                partial(self._launch, "kube-api", kube, self.environments.base()),
                ready=answers_kubernetes(addresses["kube"], folder.kubeconfig),
                stop_stage=STAGE_BACKENDS,
            ),
            Step("definitions", self._with_client(apply_definitions), needs=("kube-api",)),
            Step("pool", self._with_client(self._apply_pool), needs=("definitions", "broker")),
            Service(
                "pods",
                partial(self._launch, "pods", [sys.executable, "-m", "vap_local.pods"], pods_environment),
                needs=("pool",),
                ready=answers_http(f"{addresses.http('pods-health')}/readyz"),
                stop_stage=STAGE_PODS,
                stop_grace_s=PODS_STOP_GRACE_S,
            ),
        ]

    def _services(self) -> list[Node]:
        addresses = self.environments.addresses
        api = script("vap-api")
        inbox_session = (
            {"INBOX_SESSION_TIMEOUT_MS": INBOX_SESSION_TIMEOUT_MS}
            if self.environments.endpoints.kafka_is_embedded
            else {}
        )
        serve = self.environments.service(API_HOST=LOOPBACK, API_PORT=str(addresses["api"]))
        relay = self.environments.service(RELAY_HEALTH_PORT=str(addresses["relay-health"]))
        inbox = self.environments.service(INBOX_HEALTH_PORT=str(addresses["inbox-health"]), **inbox_session)
        # The tree runs one operator at a time: after a crash nobody needs to wait for a Lease to end.
        operator = self.environments.service(
            HEALTH_PORT=str(addresses["operator-health"]), NAMESPACE=NAMESPACE, LEADER_ELECTION="false"
        )
        return [
            Step(
                "migrate",
                partial(self._migrate, [api, "migrate"]),
                needs=("database", "broker"),
            ),
            self._service("operator", [script("vap-operator"), "run"], operator, ("migrate", "pool"), STAGE_ENTRY),
            self._service("inbox", [api, "inbox"], inbox, ("migrate",), STAGE_STORES),
            self._service("api", [api, "serve"], serve, ("migrate",), STAGE_ENTRY),
            self._service("relay", [api, "relay"], relay, ("migrate",), STAGE_STORES),
        ]

    def _camera(self) -> Node:
        port = self.environments.addresses["camera"]
        return Service(
            "camera",
            partial(
                self._launch,
                "camera",
                [sys.executable, "-m", "vap_local.camera.main"],
                self.environments.base() | {"CAMERA_PORT": str(port)},
            ),
            ready=accepts_connections(port),
            stop_stage=STAGE_STORES,
        )

    def _runners(self) -> Node:
        return Step("runners", self._with_client(self._wait_for_runners), needs=("pods", "operator"))

    def _service(
        self, name: str, command: Sequence[str], environment: dict[str, str], needs: tuple[str, ...], stage: int
    ) -> Service:
        """A service of the project: its health port is named after it."""
        addresses = self.environments.addresses
        port_name = name if name in addresses.ports else f"{name}-health"
        return Service(
            name,
            partial(self._launch, name, command, environment),
            needs=needs,
            ready=answers_http(f"{addresses.http(port_name)}/readyz"),
            stop_stage=stage,
        )

    def _launch(self, name: str, command: Sequence[str], environment: dict[str, str]) -> Launch:
        return Launch(command, self.environments.folder.log_file(name), environment)

    def _launch_postgres(self, postgres: EmbeddedPostgres, command: Sequence[str]) -> Launch:
        return Launch(
            command,
            self.environments.folder.log_file("postgres"),
            environment(),
            death_signal=DEATH_SIGNAL,
            before_exec=postgres.account.enter,
        )

    async def _prepare_postgres(self, postgres: EmbeddedPostgres) -> None:
        postgres.prepare()
        if not postgres.is_initialised:
            await run_to_end("initdb", self._launch_postgres(postgres, postgres.initdb_command()))

    async def _create_database(self, postgres: EmbeddedPostgres) -> None:
        postgres.create_database(DATABASE)

    async def _migrate(self, command: Sequence[str]) -> None:
        await run_to_end("migrate", self._launch("migrate", command, self.environments.service()))

    async def _apply_pool(self, client: KubeClient) -> None:
        await apply_pool(client, self.environments, self.pool)

    async def _wait_for_runners(self, client: KubeClient) -> None:
        """Until the runners that the pool keeps ready take work."""
        wanted = await wanted_runners(client)
        try:
            async with asyncio.timeout(RUNNERS_TIMEOUT_S):
                while await ready_runners(client) < min(1, wanted):  # noqa: ASYNC110 - polls a server
                    await asyncio.sleep(RUNNERS_POLL_S)
        except TimeoutError:
            logs = sorted(self.environments.folder.pod_logs.rglob("*.log"), key=lambda file: file.stat().st_mtime)
            ends = f"; the end of {logs[-1]}:\n{tail(logs[-1])}" if logs else "; no pod has written a log"
            raise StartError(f"no runner is ready after {RUNNERS_TIMEOUT_S:g} s{ends}") from None

    def _with_client(self, work: Callable[[KubeClient], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            try:
                async with KubeClient(KubeConnection.load(self.environments.folder.kubeconfig)) as client:
                    await work(client)
            except KubeApiError as problem:
                raise StartError(f"the small API server refused a request: {problem}") from None

        return run


async def _call(function: Callable[[], object]) -> bool:
    """A short blocking call on the event loop: a connection over a unix socket."""
    return bool(function())


async def _nothing() -> None:
    """A backend that was given: its services wait for it themselves."""
