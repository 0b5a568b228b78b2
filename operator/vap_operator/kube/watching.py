"""kopf, used for what it is best at: watching that survives everything. It writes nothing to any object."""

import asyncio
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


def make_registry(intake: Intake, settings: Settings) -> kopf.OperatorRegistry:
    """The handlers: one line each."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return await kopf_connection(settings)

    @kopf.on.event(VIDEOSCENARIOS.group, VIDEOSCENARIOS.version, VIDEOSCENARIOS.plural, registry=registry)
    async def observe_videoscenario(event: Any, **_: Any) -> None:
        await handle_observe_videoscenario(intake, event)

    @kopf.on.event(RUNNERPOOLS.group, RUNNERPOOLS.version, RUNNERPOOLS.plural, registry=registry)
    async def observe_runnerpool(event: Any, **_: Any) -> None:
        await handle_observe_runnerpool(intake, event)

    @kopf.on.event(PODS.version, PODS.plural, registry=registry)
    async def observe_pod(event: Any, **_: Any) -> None:
        await handle_observe_pod(intake, event)

    @kopf.on.event(SECRETS.version, SECRETS.plural, registry=registry)
    async def observe_secret(event: Any, **_: Any) -> None:
        await handle_observe_secret(intake, event)

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


async def watch(intake: Intake, settings: Settings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Watches until `stop` is set or the process is told to end. Raises what kopf cannot get over."""
    await kopf.operator(
        registry=make_registry(intake, settings),
        settings=make_settings(),
        namespaces=[settings.namespace],
        standalone=True,
        stop_flag=stop,
        ready_flag=ready,
    )
