"""`vap-api serve`: the REST service."""

import asyncio
import socket
from types import FrameType

import structlog
import uvicorn
from prometheus_client import REGISTRY

from vap_api.app import build_app
from vap_api.health.readiness import Readiness
from vap_api.settings import Settings

log = structlog.get_logger(__name__)

GRACEFUL_SHUTDOWN_S = 10


class DrainingServer(uvicorn.Server):
    """Uvicorn, except that a signal first fails /readyz for a while, and only then stops to listen."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness, drain_s: float) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._drain_s = drain_s
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Also tells where we listen: with port 0 nobody knows before."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        ports = [listener.getsockname()[1] for server in self.servers for listener in server.sockets]
        log.info("serve.listening", ports=ports)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the base class calls it so
        """The first signal drains (where that was asked for), the next ends in good order, any more at once.

        Uvicorn's own would send the signal to ourselves again at the end; a service that was told to end and
        did so has succeeded.
        """
        if self.should_exit:
            self.force_exit = True
        elif self._drain_s > 0 and self._loop is not None and not self._readiness.draining:
            log.info("serve.draining", seconds=self._drain_s)
            self._readiness.drain()
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_s, self._stop_listening)
        else:
            self._readiness.drain()
            self.should_exit = True

    def _stop_listening(self) -> None:
        self.should_exit = True


def run_serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT."""
    web = build_app(settings, REGISTRY)
    config = uvicorn.Config(
        web.app,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,  # ours is in place: uvicorn's events go through it
        access_log=False,  # it would write query strings
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )
    DrainingServer(config, web.readiness, settings.api_drain_seconds).run()
