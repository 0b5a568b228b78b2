"""``python -m vap_local.kube``: the API server as a process of its own.

Prints one line ``ready <url> <kubeconfig>`` once it answers, and stops cleanly on SIGTERM and SIGINT.
"""

import asyncio
import signal
import sys
from pathlib import Path

import click

from vap_local.kube.server import KubeServer, LogFiles
from vap_local.kube.store import StateFormatError, StateInUseError


async def serve(server: KubeServer, kubeconfig: Path) -> None:
    """Run until a signal asks to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.start()
    try:
        server.write_kubeconfig(kubeconfig)
        click.echo(f"ready {server.url} {kubeconfig}")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await server.stop()


@click.command(help=__doc__)
@click.option("--state-dir", type=click.Path(path_type=Path), required=True, help="Where the state and the keys are.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", default=0, show_default=True, help="0 picks a free port.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Where to write it.")
@click.option("--logs-dir", type=click.Path(path_type=Path), help="Where kubectl logs reads the logs of pods.")
@click.option("--bookmark-seconds", default=10.0, show_default=True, help="Time between bookmarks of an idle watch.")
@click.option("--history-events", default=10_000, show_default=True, help="How many changes a watch can go back.")
def main(
    state_dir: Path,
    host: str,
    port: int,
    kubeconfig: Path | None,
    logs_dir: Path | None,
    bookmark_seconds: float,
    history_events: int,
) -> None:
    """Read the options and serve."""
    server = KubeServer(
        state_dir / "kube.sqlite",
        state_dir / "pki",
        host,
        port,
        logs=LogFiles(logs_dir) if logs_dir is not None else None,
        bookmark_seconds=bookmark_seconds,
        history_events=history_events,
    )
    try:
        asyncio.run(serve(server, kubeconfig or state_dir / "kubeconfig"))
    except (StateInUseError, StateFormatError, OSError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
