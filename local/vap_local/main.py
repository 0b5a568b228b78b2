"""`vap`: the whole platform on one machine."""

import json
import sys
from pathlib import Path

import click

from vap_common.kafka.topics import TOPICS
from vap_local.commands.down import stop_platform
from vap_local.commands.sql import run_psql
from vap_local.commands.status import PlatformStatus, read_status
from vap_local.commands.topic import read_topic
from vap_local.commands.up import run_in_background, run_in_foreground
from vap_local.stack.options import LocalSettings, PoolOptions
from vap_local.stack.platform import state_folder

NOTHING_RUNS = 3
"""Exit code."""

STATE_DIR = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="State folder; by default VAP_HOME, or .vap here.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The Video Analytics Platform on one machine: nothing but Python is needed."""


@main.command()
@STATE_DIR
@click.option("--detach", "-d", is_flag=True, help="Return when the platform is ready, and leave it running.")
@click.option("--api-port", type=click.IntRange(1, 65535), help="Port of the REST API; another one if it is taken.")
@click.option("--min-runners", type=click.IntRange(0, 1000), help="Runner pods that always stay.")
@click.option("--runners", type=click.IntRange(0, 1000), help="Most runner pods.")
@click.option("--max-workers", type=click.IntRange(1, 64), help="Worker slots of each runner pod.")
@click.option("--warm-slots", type=click.IntRange(0, 1000), help="Free slots that are kept ready.")
def up(
    state_dir: Path | None,
    detach: bool,
    api_port: int | None,
    min_runners: int | None,
    runners: int | None,
    max_workers: int | None,
    warm_slots: int | None,
) -> None:
    """Start everything. Ctrl-C, or `vap down` elsewhere, stops it; scenarios and results are kept."""
    settings = LocalSettings()
    folder = state_folder(settings, state_dir)
    if detach:
        chosen = {
            "--api-port": api_port,
            "--min-runners": min_runners,
            "--runners": runners,
            "--max-workers": max_workers,
            "--warm-slots": warm_slots,
        }
        run_in_background(
            folder, [part for name, value in chosen.items() if value is not None for part in (name, str(value))]
        )
        return
    if api_port is not None:
        settings = settings.model_copy(update={"api_port": api_port})
    sys.exit(run_in_foreground(settings, folder, PoolOptions(min_runners, runners, max_workers, warm_slots)))


@main.command()
@STATE_DIR
@click.option("--seconds", type=click.FloatRange(1, 3600), default=20.0, show_default=True, help="Time of analysis.")
@click.option("--keep", is_flag=True, help="Leave the platform running.")
def demo(state_dir: Path | None, seconds: float, keep: bool) -> None:
    """Analyse real footage before your eyes: start, detections, shutdown, history."""
    # Imported here, because the other commands shall not wait for what only the demo needs.
    from vap_local.demo.run import run_demo

    sys.exit(run_demo(state_folder(LocalSettings(), state_dir), seconds=seconds, keep=keep))


@main.command()
@STATE_DIR
def down(state_dir: Path | None) -> None:
    """Stop the platform. Scenarios and results are kept."""
    click.echo(stop_platform(state_folder(LocalSettings(), state_dir)))


@main.command()
@STATE_DIR
@click.argument("name", type=click.Choice([name for topic in TOPICS for name in (topic.name, topic.dead_letters)]))
@click.option("--follow", "-f", is_flag=True, help="Go on as records arrive.")
def topic(state_dir: Path | None, name: str, follow: bool) -> None:
    """Print the records of a Kafka topic, one line of JSON each."""
    for line in read_topic(_running(state_dir).record.kafka, name, follow=follow):
        click.echo(line)


@main.command(context_settings={"ignore_unknown_options": True})
@STATE_DIR
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sql(state_dir: Path | None, arguments: tuple[str, ...]) -> None:
    """Open psql on the database; arguments go to psql, such as -c 'SELECT …'."""
    run_psql(_running(state_dir).record.database, arguments)


@main.command()
@STATE_DIR
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(state_dir: Path | None, output: str) -> None:
    """Show addresses and processes. Exit code 3 when nothing runs."""
    found = _running(state_dir)
    click.echo(json.dumps(found.as_json(), indent=2) if output == "json" else found.as_text())


def _running(state_dir: Path | None) -> PlatformStatus:
    found = read_status(state_folder(LocalSettings(), state_dir))
    if found is None:
        click.echo("nothing runs; `vap up` starts the platform", err=True)
        sys.exit(NOTHING_RUNS)
    return found
