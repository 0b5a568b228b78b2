"""Carries out batches of `init_scenario`: scenarios side by side, the commands of one in their order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from vap_common.backoff import Backoff
from vap_common.kafka.reader import Record
from vap_common.messages import InitCommand, InitScenario
from vap_operator.commands.context import CommandContext
from vap_operator.commands.handle_shutdown import handle_shutdown
from vap_operator.commands.handle_startup import handle_startup
from vap_operator.commands.handle_sync import handle_sync
from vap_operator.commands.outcome import UndeliveredError
from vap_operator.kube.errors import KubeError
from vap_operator.metrics import Metrics

log = structlog.get_logger(__name__)

_HANDLERS = {
    InitCommand.STARTUP: handle_startup,
    InitCommand.SHUTDOWN: handle_shutdown,
    InitCommand.SYNC: handle_sync,
}
PARALLEL = 32


@dataclass(slots=True)
class InitRequests:
    """Returns from a batch only when every command in it is done: its offsets may be committed then."""

    context: CommandContext
    metrics: Metrics
    _limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL))

    async def handle(self, records: Sequence[Record[InitScenario]]) -> None:
        """Takes a batch."""
        self.metrics.consumed.labels("init_scenario").inc(len(records))
        by_scenario: dict[str, list[Record[InitScenario]]] = {}
        for record in records:
            if record.message is not None:
                by_scenario.setdefault(str(record.message.scenario_uuid), []).append(record)
        async with asyncio.TaskGroup() as group:
            for mine in by_scenario.values():
                group.create_task(self._in_order(mine))

    async def _in_order(self, records: list[Record[InitScenario]]) -> None:
        async with self._limit:
            for record in records:
                if record.message is not None:
                    await self._until_done(record.message, record.traceparent)

    async def _until_done(self, request: InitScenario, traceparent: str | None) -> None:
        """A command is never given up: what hinders it (the API server, the broker) is expected to come back."""
        backoff = Backoff(first=0.1, cap=10.0)
        while True:
            try:
                outcome = await _HANDLERS[request.command](self.context, request, traceparent)
            except (KubeError, UndeliveredError) as error:
                self.metrics.commands.labels(request.command.value, "retried").inc()
                delay = backoff.next_delay()
                log.warning(
                    "scenario.command_failed",
                    scenario_uuid=str(request.scenario_uuid),
                    command=request.command.value,
                    error=str(error),
                    retry_in_s=round(delay, 3),
                )
                await asyncio.sleep(delay)
            else:
                self.metrics.commands.labels(request.command.value, outcome).inc()
                log.info(
                    "scenario.command",
                    scenario_uuid=str(request.scenario_uuid),
                    command=request.command.value,
                    outcome=outcome,
                )
                return
