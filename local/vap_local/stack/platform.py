"""The composition root of `vap up`: one start of the platform, from the lock to the last process."""

from collections.abc import Callable
from pathlib import Path

from vap_common.times import utc_now
from vap_local.camera.clips import DEMO_CLIP, camera_url
from vap_local.embedded.postgres import EmbeddedPostgres
from vap_local.pods.host import POD_RUNNER_VARIABLE
from vap_local.stack.addresses import Addresses
from vap_local.stack.environment import Endpoints, Environments
from vap_local.stack.options import DEFAULT_STATE_FOLDER, LocalSettings, PoolOptions
from vap_local.stack.services import LocalStack
from vap_local.state.folder import StateFolder
from vap_local.state.instance_lock import InstanceLock
from vap_local.state.record import PlatformRecord
from vap_local.supervision.events import TreeEvent
from vap_local.supervision.ledger import ProcessLedger
from vap_local.supervision.leftovers import INSTANCE_VARIABLE, end_marked, end_recorded
from vap_local.supervision.tree import SupervisionTree


def state_folder(settings: LocalSettings, chosen: Path | None) -> StateFolder:
    """The state folder: the one on the command line, VAP_HOME, or `.vap` here."""
    return StateFolder((chosen or settings.vap_home or Path(DEFAULT_STATE_FOLDER)).absolute())


class Platform:
    """One start. Raises AlreadyRunningError when made while another supervisor works on the folder."""

    def __init__(
        self,
        settings: LocalSettings,
        folder: StateFolder,
        pool: PoolOptions,
        on_event: Callable[[TreeEvent], None],
    ) -> None:
        folder.make()
        self.folder = folder
        self._lock = InstanceLock(folder.lock_file)
        self._lock.acquire()
        self.leftovers = end_leftovers(folder)
        last = PlatformRecord.read(folder.record_file)
        self.addresses = Addresses.choose(last.ports if last else {}, settings.api_port)
        postgres = None if settings.database_url else EmbeddedPostgres(folder.postgres / "data")
        endpoints = Endpoints(
            database_url=postgres.url() if postgres else _given(settings),
            kafka_bootstrap_servers=settings.kafka_bootstrap_servers or self.addresses.kafka,
            kafka_is_embedded=settings.kafka_bootstrap_servers is None,
        )
        self.record = PlatformRecord(
            supervisor_pid=InstanceLock(folder.lock_file).holder() or 0,
            started_at=utc_now(),
            ready=False,
            state_dir=folder.root,
            api=self.addresses.http("api"),
            docs=f"{self.addresses.http('api')}/docs",
            kafka=endpoints.kafka_bootstrap_servers,
            database=endpoints.database_url,
            kubeconfig=folder.kubeconfig,
            camera=camera_url(self.addresses["camera"]),
            clip=DEMO_CLIP.as_uri(),
            ports=dict(self.addresses.ports),
        )
        self.record.write(folder.record_file)
        stack = LocalStack(Environments.here(folder, self.addresses, endpoints), postgres, pool)
        self._tree = SupervisionTree(stack.nodes(), ProcessLedger(folder.processes_file), on_event)

    async def start(self) -> None:
        """Returns when everything is ready. Raises StartError; call `stop` in any case."""
        await self._tree.start()
        self.record = self.record.model_copy(update={"ready": True})
        self.record.write(self.folder.record_file)

    async def stop(self) -> None:
        """Ends every process and lets go of the folder."""
        self.record.model_copy(update={"ready": False}).write(self.folder.record_file)
        await self._tree.stop()
        end_leftovers(self.folder)
        self._lock.release()


def end_leftovers(folder: StateFolder) -> list[int]:
    """Ends what an earlier start left running on this folder; call it while holding the lock. Returns pids."""
    recorded = [*ProcessLedger.read(folder.processes_file).values(), *ProcessLedger.read(folder.pods_file).values()]
    instance = folder.instance_id()
    return [
        *end_recorded(recorded),
        *end_marked(INSTANCE_VARIABLE, instance),
        *end_marked(POD_RUNNER_VARIABLE, instance),
    ]


def _given(settings: LocalSettings) -> str:
    return settings.database_url.get_secret_value() if settings.database_url else ""
