"""Composition of the server: builds the parts, starts and stops them."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from vap_local.kube.admission import AdmissionHook
from vap_local.kube.builtin.catalog import builtin_registry
from vap_local.kube.builtin.shapes import Shapes
from vap_local.kube.collector import Collector
from vap_local.kube.custom import CustomKinds
from vap_local.kube.deleting import Deleter
from vap_local.kube.expiry import keep_expiring
from vap_local.kube.http import Handler, Parts
from vap_local.kube.kubeconfig import write_kubeconfig
from vap_local.kube.namespaces import ensure_default_namespace
from vap_local.kube.openapi import OpenApi
from vap_local.kube.pki import Pki, ensure_pki
from vap_local.kube.podlogs import LogFiles, LogSource
from vap_local.kube.store import Store
from vap_local.kube.subresources import Subresources
from vap_local.kube.writing import Writer

__all__ = ["KubeServer", "LogFiles", "LogSource"]


class KubeServer:
    """A Kubernetes API server on loopback.

    Args:
        state_file: the SQLite file; made if missing, readable by its owner alone.
        pki_dir: certificates and token; made if missing.
        host: an address of the loopback interface.
        port: 0 picks a free one, which :attr:`url` then names.
        hooks: admission hooks, see :mod:`.admission`.
        logs: where ``kubectl logs`` reads, for one a :class:`LogFiles`.
        bookmark_seconds: how often an idle watch that allows bookmarks gets one.
        history_events: how many changes a watch can go back, at most.
        event_ttl: how long an Event stays after it was last seen.
    """

    def __init__(
        self,
        state_file: Path,
        pki_dir: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        hooks: Sequence[AdmissionHook] = (),
        logs: LogSource | None = None,
        bookmark_seconds: float = 10.0,
        history_events: int = 10_000,
        event_ttl: timedelta = timedelta(hours=1),
    ) -> None:
        if not host.startswith("127.") and host != "::1":
            raise ValueError(f"{host} is not a loopback address: this server must not be reachable from elsewhere")
        self._host = host
        self._port = port
        self._pki_dir = pki_dir
        self._pki: Pki | None = None
        self._store = Store(state_file, history_events=history_events)
        shapes = Shapes()
        registry = builtin_registry(shapes)
        self._writer = Writer(self._store, hooks)
        deleter = Deleter(self._store, hooks)
        self._custom = CustomKinds(self._store, registry)
        self._collector = Collector(self._store, registry, deleter, self._writer)
        self._parts = Parts(
            store=self._store,
            registry=registry,
            writer=self._writer,
            deleter=deleter,
            subresources=Subresources(self._store, self._writer, deleter),
            openapi=OpenApi(registry, shapes),
            logs=logs,
            bookmark_seconds=bookmark_seconds,
        )
        self._runner: web.ServerRunner | None = None
        self._event_ttl = event_ttl
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """``https://127.0.0.1:<port>``, once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"https://{host}:{self._port}"

    async def start(self) -> None:
        """Load the state and listen.

        Raises:
            StateInUseError: another process serves the state file.
            StateFormatError: a newer version wrote it.
            OSError: the port is taken.
        """
        self._pki = ensure_pki(self._pki_dir, self._host)
        self._store.open()
        self._custom.load()
        self._collector.load()
        self._store.listeners += [self._custom.notice, self._collector.notice]
        ensure_default_namespace(self._writer, self._parts.registry)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._pki.certificate_file, self._pki.key_file)
        server = web.Server(Handler(self._parts, self._pki.token), handler_cancellation=True, keepalive_timeout=300)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=context)
        try:
            await site.start()
        except OSError:
            await self.stop()
            raise
        self._port = int(self._runner.addresses[0][1])
        self._tasks = [
            asyncio.create_task(self._collector.run(), name="kube-collector"),
            asyncio.create_task(keep_expiring(self._store, self._event_ttl), name="kube-event-expiry"),
        ]

    async def stop(self) -> None:
        """End watches, finish requests, and fold the log into the state file."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()
        self._store.end_all_subscriptions()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._store.settle()
        self._store.close()

    def write_kubeconfig(self, path: Path) -> None:
        """Write a kubeconfig (mode 0600, context ``vap``, namespace ``default``) for this server, once started."""
        if self._pki is None:
            raise RuntimeError("the server is not started")
        write_kubeconfig(path, self.url, self._pki)
