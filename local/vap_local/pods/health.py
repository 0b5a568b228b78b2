"""/livez and /readyz of the pod runner, on its event loop: a process that starts others stays single-threaded."""

import asyncio

from aiohttp import web

from vap_local.embedded.ports import LOOPBACK


class HealthEndpoints:
    """Answers as long as the event loop turns."""

    def __init__(self, port: int, ready: asyncio.Event) -> None:
        self._port = port
        self._ready = ready
        application = web.Application()
        application.add_routes([web.get("/livez", self._livez), web.get("/readyz", self._readyz)])
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self) -> None:
        """Begins to answer. Raises OSError when the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()

    async def stop(self) -> None:
        """Closes the port."""
        await self._runner.cleanup()

    async def _livez(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _request: web.Request) -> web.Response:
        if self._ready.is_set():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the pods have not been listed yet\n")
