"""kopf, used for what it is best at: watching that survives everything. It writes nothing to any object."""

import asyncio
import contextvars
import logging
import threading
from typing import Any

import kopf

from vap_operator.handlers.handle_observe_pod import handle_observe_pod
from vap_operator.handlers.handle_observe_runnerpool import handle_observe_runnerpool
from vap_operator.handlers.handle_observe_secret import handle_observe_secret
from vap_operator.handlers.handle_observe_videoscenario import handle_observe_videoscenario
from vap_operator.kube.connection import kopf_connection
from vap_operator.kube.resources import PODS, RUNNERPOOLS, SECRETS, VIDEOSCENARIOS
from vap_operator.reconcile.intake import Intake
from vap_operator.resources.names import LABEL_POOL
from vap_operator.settings import Settings

HELM_RELEASES = "type!=helm.sh/release.v1"
STOP_TIMEOUT_S = 10.0


class NothingKept(kopf.DiffBaseStorage):
    """kopf compares an object with the version handled last; low-level handlers have no use for that."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing, instead of a deep copy of every object at every event."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Nothing was kept."""
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Keeps nothing."""


def make_registry(intake: Intake, settings: Settings, loop: asyncio.AbstractEventLoop) -> kopf.OperatorRegistry:
    """The handlers: one line each. They are called on kopf's loop, and hand over to `loop`, where `intake` lives."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return await kopf_connection(settings)

    @kopf.on.event(VIDEOSCENARIOS.group, VIDEOSCENARIOS.version, VIDEOSCENARIOS.plural, registry=registry)
    async def observe_videoscenario(event: Any, **_: Any) -> None:
        handle_observe_videoscenario(loop, intake, event)

    @kopf.on.event(RUNNERPOOLS.group, RUNNERPOOLS.version, RUNNERPOOLS.plural, registry=registry)
    async def observe_runnerpool(event: Any, **_: Any) -> None:
        handle_observe_runnerpool(loop, intake, event)

    @kopf.on.event(PODS.version, PODS.plural, registry=registry)
    async def observe_pod(event: Any, **_: Any) -> None:
        handle_observe_pod(loop, intake, event)

    @kopf.on.event(SECRETS.version, SECRETS.plural, registry=registry)
    async def observe_secret(event: Any, **_: Any) -> None:
        handle_observe_secret(loop, intake, event)

    return registry


def make_settings() -> kopf.OperatorSettings:
    """Timeouts against silent streams; nothing posted, nothing scanned, nothing stored on objects."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.persistence.diffbase_storage = NothingKept()
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70
    settings.watching.chunk_size = 500
    settings.watching.label_selectors[PODS.version, PODS.plural] = LABEL_POOL
    settings.watching.field_selectors[SECRETS.version, SECRETS.plural] = HELM_RELEASES
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    return settings


class Watching:
    """kopf on a thread with an event loop of its own.

    At its end kopf waits for (and cancels) every task of its loop that it finds there, and it takes the
    process' signals where it can: both are the composition root's, so it gets a loop without them.
    """

    def __init__(self, intake: Intake, settings: Settings) -> None:
        self._intake = intake
        self._settings = settings
        self._stopping = threading.Event()
        self._context = contextvars.copy_context()

    async def run(self) -> None:
        """Watches until cancelled. Raises what kopf cannot get over."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[BaseException | None] = loop.create_future()
        thread = threading.Thread(target=self._context.run, args=(self._run, loop, ended), name="kopf", daemon=True)
        thread.start()
        try:
            error = await asyncio.shield(ended)
        finally:
            self._stopping.set()
            await asyncio.to_thread(thread.join, STOP_TIMEOUT_S)
        if error is not None:
            raise error

    def _run(self, loop: asyncio.AbstractEventLoop, ended: "asyncio.Future[BaseException | None]") -> None:
        # A line per watch event says nothing that a transition does not say; signals are not meant for kopf.
        logging.getLogger("kopf.objects").setLevel(logging.WARNING)
        logging.getLogger("kopf._core.reactor.running").addFilter(_not_about_signals)
        error: BaseException | None = None
        try:
            asyncio.run(self._watch(loop))
        except Exception as problem:  # noqa: BLE001 - handed to the main thread, which raises it
            error = problem
        if not loop.is_closed():
            loop.call_soon_threadsafe(_finish, ended, error)

    async def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await kopf.operator(
                registry=make_registry(self._intake, self._settings, loop),
                settings=make_settings(),
                namespaces=[self._settings.namespace],
                standalone=True,
                stop_flag=self._stopping,
            )
        finally:
            # Otherwise the thread that waits for the flag would keep this loop from closing.
            self._stopping.set()


def _not_about_signals(record: logging.LogRecord) -> bool:
    return "OS signals are ignored" not in record.getMessage()


def _finish(ended: "asyncio.Future[BaseException | None]", error: BaseException | None) -> None:
    if not ended.done():
        ended.set_result(error)
