"""The course of the demo."""

import time
from datetime import UTC, datetime

import click
import httpx
from rich.console import Console

from vap_local.commands.down import stop_platform
from vap_local.commands.up import run_in_background
from vap_local.demo.api import PlatformApi
from vap_local.demo.show import LiveShow, PlainShow, Show, history_table
from vap_local.demo.story import Story
from vap_local.state.folder import StateFolder
from vap_local.state.instance_lock import InstanceLock
from vap_local.state.record import PlatformRecord

POLL_S = 0.1
FIRST_POLL_S = 0.01
"""Until the first result is there, so that its time is told truly."""
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
PLAIN_WIDTH = 120
"""Of tables in a log, whose width nobody knows."""


def run_demo(folder: StateFolder, *, seconds: float, keep: bool) -> int:
    """Runs the demo for `seconds` of analysis; the exit code. A platform that ran before is left running."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    ran_before = InstanceLock(folder.lock_file).holder() is not None
    console.print("[bold]1. The platform[/bold]", "is running" if ran_before else "starts")
    try:
        record = run_in_background(folder, [])
        story = _scenario(console, record, seconds)
        _conclude(console, record, story, runs_on=keep or ran_before)
        return 0 if story.objects else 1
    except httpx.HTTPError as problem:
        raise click.ClickException(f"the API did not answer as expected: {problem}; see {folder.logs}") from None
    finally:
        if not keep and not ran_before:
            # First the deed: the terminal to tell it to may be gone.
            told = stop_platform(folder)
            console.print(f"\nThe platform is {told}.")


def _scenario(console: Console, record: PlatformRecord, seconds: float) -> Story:
    console.print(f"[bold]2. A scenario[/bold] on real footage: {record.clip}")
    console.print(f"   POST {record.api}/api/v1/scenario/init", highlight=False)
    show: Show = LiveShow(console) if console.is_terminal else PlainShow(console)
    with PlatformApi(record.api) as api:
        asked_at, began = datetime.now(UTC), time.monotonic()
        accepted = api.start(record.clip, name="demo", on_stream_end="Restart")
        story = Story(accepted.scenario_uuid, record.clip, asked_at)
        try:
            with show.running():
                _watch(api, story, show, began, until=began + START_TIMEOUT_S, seconds=seconds)
                api.shut_down(story.scenario)
                _watch(api, story, show, began, until=time.monotonic() + STOP_TIMEOUT_S)
        except BaseException:
            # Also for Ctrl-C: a platform that goes on running shall not go on analysing.
            api.shut_down(story.scenario)
            raise
    return story


def _watch(
    api: PlatformApi, story: Story, show: Show, began: float, *, until: float, seconds: float | None = None
) -> None:
    """Shows what happens until the scenario is over, or `seconds` after its first result, or `until`."""
    while not story.is_over and time.monotonic() < until:
        page = api.frames(story.scenario, story.cursor)
        frames = story.tell_frames(page.results, time.monotonic() - began)
        story.cursor = page.next_cursor
        waits_for_first = story.first_result_after_s is None
        steps = story.tell_steps(api.history(story.scenario).transitions)
        show.update(story, steps, frames)
        if seconds is not None and story.first_result_after_s is not None:
            until = min(until, began + story.first_result_after_s + seconds)
        time.sleep(FIRST_POLL_S if waits_for_first else POLL_S)


def _conclude(console: Console, record: PlatformRecord, story: Story, *, runs_on: bool) -> None:
    console.print()
    console.print(history_table(story))
    first = story.first_result_after_s
    told = f"first result readable after {first * 1000:.0f} ms" if first is not None else "no result came"
    console.print(f"{story.frames} frames analysed, {sum(story.objects.values())} objects found; {told}.\n")
    if not story.objects:
        console.print(f"[red]Nothing was detected.[/red] The logs are in {record.state_dir / 'logs'}.")
    console.print("[bold]Try next[/bold]" + ("" if runs_on else " (after `vap up`, or with `make demo KEEP=1`)"))
    for line in (
        f"curl {record.api}/api/v1/prediction/{story.scenario}",
        f"curl {record.api}/api/v1/scenarios/{story.scenario}/history",
        f"curl -X POST {record.api}/api/v1/scenario/init -H 'content-type: application/json' \\",
        f'     -d \'{{"camera_url": "{record.camera}"}}\'      # the demo camera, live by RTSP',
        f"kubectl --kubeconfig {record.kubeconfig} get videoscenarios -w",
        f"open {record.docs}",
    ):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
