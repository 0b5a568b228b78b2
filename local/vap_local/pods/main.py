"""The pod runner's composition root."""

import asyncio
import os
import signal
from contextlib import suppress

import structlog

from vap_common.logs import configure_logging
from vap_local.kubeclient.client import KubeClient
from vap_local.kubeclient.connection import KubeConnection
from vap_local.pods.health import HealthEndpoints
from vap_local.pods.host import POD_RUNNER_VARIABLE, Host
from vap_local.pods.pod_runner import PodRunner
from vap_local.pods.settings import PodRunnerSettings
from vap_local.supervision.ledger import ProcessLedger
from vap_local.supervision.leftovers import end_marked
from vap_local.supervision.log_files import keep_newest

log = structlog.get_logger(__name__)

KEPT_LOGS = 50
"""Of pods that are gone, too; their names never come again."""


def main() -> None:
    """Reads the settings and runs until SIGTERM or SIGINT."""
    settings = PodRunnerSettings()
    configure_logging(settings, "pods")
    with suppress(asyncio.CancelledError):
        asyncio.run(_run(settings))


async def _run(settings: PodRunnerSettings) -> None:
    # The containers themselves died with the last pod runner; what they started may not have noticed yet.
    ended = end_marked(POD_RUNNER_VARIABLE, settings.vap_instance)
    if ended:
        log.warning("pods.leftovers_ended", pids=ended)
    keep_newest(settings.pods_log_dir, KEPT_LOGS)
    host = Host(
        instance=settings.vap_instance,
        log_folder=settings.pods_log_dir,
        working_folder=settings.pods_state_dir,
        ledger=ProcessLedger(settings.pods_state_dir / "pods.json"),
        variables=dict(os.environ),
    )
    async with KubeClient(KubeConnection.load(settings.kubeconfig)) as client:
        runner = PodRunner(client, host, settings.pod_namespace)
        health = HealthEndpoints(settings.health_port, runner.synced)
        await health.start()
        running = asyncio.create_task(runner.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        try:
            await running
        finally:
            await health.stop()
