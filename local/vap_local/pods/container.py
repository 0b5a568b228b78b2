"""One container: its process, its probes, and its restarts."""

import asyncio
import signal
import uuid
from dataclasses import replace

import aiohttp
import structlog

from vap_common.backoff import Backoff
from vap_local.kubeclient.client import JsonObject
from vap_local.pods.expansion import expand
from vap_local.pods.host import Host, OnChange
from vap_local.pods.ports import PortMap
from vap_local.pods.probes import FIRST_TRIES_INTERVAL_S, Probe
from vap_local.pods.programs import UnknownImageError
from vap_local.pods.references import LoadData, MissingReferenceError, container_environment
from vap_local.pods.report import ContainerReport, Running, Terminated, Waiting, kube_time
from vap_local.supervision.child import Child, Launch
from vap_local.supervision.log_files import rotate, tail

log = structlog.get_logger(__name__)

CRASH_BACKOFF_FIRST_S = 1.0
CRASH_BACKOFF_CAP_S = 60.0
STABLE_AFTER_S = 60.0
CONFIGURATION_RETRY_S = 2.0
MESSAGE_LINES = 3


class Container:
    """Runs a container of a pod until its restart policy or `stop` ends it. `report` says how it is."""

    def __init__(
        self,
        pod: JsonObject,
        spec: JsonObject,
        report: ContainerReport,
        host: Host,
        load: LoadData,
        session: aiohttp.ClientSession,
        on_change: OnChange,
    ) -> None:
        self.report = report
        self._pod = pod
        self._spec = spec
        self._host = host
        self._load = load
        self._session = session
        self._on_change = on_change
        self._child: Child | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop_wanted = asyncio.Event()
        self._stopped_for_good = True
        metadata = pod["metadata"]
        self._process_name = f"pod/{metadata['name']}/{report.name}"
        self._log_file = host.log_file(pod, report.name)
        self._log = log.bind(pod=metadata["name"], container=report.name)

    def start(self) -> None:
        """Begins to run it."""
        self._task = asyncio.create_task(self._keep_running(), name=self._process_name)

    async def stop(self, grace_s: float, *, for_good: bool) -> None:
        """SIGTERM, then SIGKILL for the whole group after `grace_s` seconds. Returns when it ended. Idempotent.

        `for_good`: its pod was deleted. Otherwise a later pod runner starts it again.
        """
        self._stopped_for_good = for_good
        self._stop_wanted.set()
        if self._child is not None and self._child.exit_code is None:
            await self._child.stop(signal.SIGTERM, grace_s)
        elif self._task is not None:
            self._task.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def kill(self) -> None:
        """Ends it at once: its pod is gone."""
        self._stop_wanted.set()
        if self._child is not None and self._child.exit_code is None:
            self._child.kill_group()
        elif self._task is not None:
            self._task.cancel()

    async def _keep_running(self) -> None:
        backoff = Backoff(CRASH_BACKOFF_FIRST_S, CRASH_BACKOFF_CAP_S)
        restarts_at_once = True
        while not self._stop_wanted.is_set():
            try:
                child, ports = await self._launch()
            except (UnknownImageError, MissingReferenceError, KeyError, OSError) as problem:
                reason = "ErrImagePull" if isinstance(problem, UnknownImageError) else "CreateContainerConfigError"
                self._set(replace(self.report, state=Waiting(reason, str(problem))))
                await asyncio.sleep(CONFIGURATION_RETRY_S)
                continue
            began = asyncio.get_running_loop().time()
            ended = await self._run(child, ports)
            if self._stop_wanted.is_set() or self._is_final(ended):
                finished = self._stopped_for_good or self._is_final(ended)
                self._set(replace(self.report.with_state(ended), finished=finished))
                return
            self._set(replace(self.report.with_state(ended), restart_count=self.report.restart_count + 1))
            if asyncio.get_running_loop().time() - began > STABLE_AFTER_S:
                backoff.reset()
                restarts_at_once = True
            if not restarts_at_once:
                delay = backoff.next_delay()
                message = f"restarting after {delay:.0f} s; the last output: {ended.message}"
                self._set(self.report.with_state(Waiting("CrashLoopBackOff", message)))
                await asyncio.sleep(delay)
            restarts_at_once = False

    async def _launch(self) -> tuple[Child, PortMap]:
        ports = PortMap.allocate(self._spec)
        metadata = self._pod["metadata"]
        own: dict[str, str] = {}
        for name, value in await container_environment(self._pod, self._spec, self._load):
            own[name] = expand(value, own)
        own |= ports.environment()
        command = self._host.programs.command(
            self._spec.get("image", ""), self._spec.get("command") or [], self._spec.get("args") or []
        )
        rotate(self._log_file)
        child = Child.start(
            Launch(
                command=[expand(part, own) for part in command],
                log_file=self._log_file,
                environment=self._host.base_environment(metadata["name"]) | own,
                folder=self._host.working_folder,
            )
        )
        self._child = child
        self._host.ledger.add(self._process_name, child.identity)
        self._set(
            replace(
                self.report.with_state(Running(kube_time())),
                container_id=f"process://{child.pid}-{uuid.uuid4()}",
            )
        )
        self._log.info("pod.container_started", pid=child.pid, ports=ports.by_name)
        return child, ports

    async def _run(self, child: Child, ports: PortMap) -> Terminated:
        """From the start of the process to its end."""
        running = self.report.state
        started_at = running.started_at if isinstance(running, Running) else kube_time()
        probing = asyncio.create_task(self._probe(child, ports))
        try:
            code = await child.wait()
        finally:
            probing.cancel()
            self._host.ledger.remove(self._process_name)
        exit_code = 128 - code if code < 0 else code
        self._log.info("pod.container_ended", pid=child.pid, exit_code=exit_code)
        return Terminated(
            exit_code,
            started_at,
            kube_time(),
            self.report.container_id,
            tail(self._log_file, MESSAGE_LINES)[-1024:] if exit_code else "",
        )

    async def _probe(self, child: Child, ports: PortMap) -> None:
        startup = Probe.of(self._spec, "startupProbe", ports)
        if startup is not None:
            await asyncio.sleep(startup.initial_delay_s)
            while not (await startup.ask(self._session) and startup.passed):
                if startup.failed:
                    self._log.warning("pod.startup_probe_failed")
                    await self._restart(child)
                    return
                await asyncio.sleep(startup.period_s)
        self._set(replace(self.report, started=True))
        readiness = Probe.of(self._spec, "readinessProbe", ports)
        if readiness is None:
            self._set(replace(self.report, ready=True))
        async with asyncio.TaskGroup() as group:
            if readiness is not None:
                group.create_task(self._watch_readiness(readiness))
            liveness = Probe.of(self._spec, "livenessProbe", ports)
            if liveness is not None:
                group.create_task(self._watch_liveness(liveness, child))

    async def _watch_readiness(self, probe: Probe) -> None:
        await asyncio.sleep(probe.initial_delay_s)
        was_ready = False
        while True:
            await probe.ask(self._session)
            ready = probe.passed or (self.report.ready and not probe.failed)
            if ready != self.report.ready:
                self._set(replace(self.report, ready=ready))
            was_ready = was_ready or ready
            await asyncio.sleep(probe.period_s if was_ready else FIRST_TRIES_INTERVAL_S)

    async def _watch_liveness(self, probe: Probe, child: Child) -> None:
        await asyncio.sleep(probe.initial_delay_s)
        while not probe.failed:
            await probe.ask(self._session)
            await asyncio.sleep(probe.period_s)
        self._log.warning("pod.liveness_probe_failed")
        await self._restart(child)

    async def _restart(self, child: Child) -> None:
        grace_s = float(self._pod["spec"].get("terminationGracePeriodSeconds") or 30)
        await child.stop(signal.SIGTERM, grace_s)

    def _is_final(self, ended: Terminated) -> bool:
        policy = self._pod["spec"].get("restartPolicy") or "Always"
        return policy == "Never" or (policy == "OnFailure" and ended.exit_code == 0)

    def _set(self, report: ContainerReport) -> None:
        if report != self.report:
            self.report = report
            self._on_change()
