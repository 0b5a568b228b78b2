"""How to see that a service is ready."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import aiohttp

from vap_local.embedded.ports import LOOPBACK
from vap_local.kubeclient.client import KubeClient
from vap_local.kubeclient.connection import KubeconfigError, KubeConnection
from vap_local.supervision.node import Probe

TIMEOUT_S = 2.0


def answers_http(url: str) -> Probe:
    """GET `url` gives 200."""

    async def probe() -> bool:
        with suppress(aiohttp.ClientError, TimeoutError):
            limits = aiohttp.ClientTimeout(total=TIMEOUT_S)
            async with aiohttp.ClientSession(timeout=limits) as session, session.get(url) as answer:
                return answer.status == HTTPStatus.OK
        return False

    return probe


def accepts_connections(port: int) -> Probe:
    """Somebody listens on `port`."""

    async def probe() -> bool:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return True
        return False

    return probe


def answers_kubernetes(port: int, kubeconfig: Path) -> Probe:
    """The API server on `port` says that it is ready to somebody with `kubeconfig`."""
    listens = accepts_connections(port)

    async def probe() -> bool:
        if not await listens():  # cheaper to ask than what follows
            return False
        with suppress(OSError, KubeconfigError, ValueError):
            async with KubeClient(KubeConnection.load(kubeconfig)) as client:
                return await client.is_ready()
        return False

    return probe
