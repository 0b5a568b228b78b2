"""One platform for all end-to-end tests."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest

from tests.e2e.support.kube import Kube, ScenarioWatch
from tests.e2e.support.platform import LivePlatform
from tests.e2e.support.rest import Rest, identities
from tests.e2e.support.results_topic import ResultsTopic
from tests.support.waiting import wait_for
from vap_local.camera.clips import DEMO_CLIP

SHORT_CLIP_FRAMES = 15
LOGS_KEPT_IN = Path(tempfile.gettempdir()) / "vap-e2e-logs"


@dataclass
class World:
    """The platform and every way to look at it."""

    platform: LivePlatform
    rest: Rest
    kube: Kube
    watch: ScenarioWatch
    results: ResultsTopic
    clip: str
    """Real footage, 16 s."""
    short_clip: str
    """Its first 1.5 s."""

    def assert_stored_exactly_once(self, scenario: str) -> None:
        """Every result that the broker has is a row, and no row is there twice. For a scenario that is over."""

        def settled() -> bool:
            stored = identities(self.rest.results(scenario))
            assert len(stored) == len(set(stored)), "a result was stored twice"
            return bool(stored) and set(stored) == self.results.acknowledged(scenario)

        wait_for(settled, f"rows and acknowledged results of {scenario} to be the same", 20, interval_s=0.2)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlatform]:
    """`vap up --detach`, with three runner pods of four slots at most."""
    # A folder of mode 700, as mktemp makes them: the database must start below it, also for root.
    folder = Path(tempfile.mkdtemp(prefix="vap-e2e-"))
    found = LivePlatform(folder / "state", folder, ("--runners", "3", "--max-workers", "4", "--warm-slots", "1"))
    try:
        found.up()
        yield found
    finally:
        found.vap("down", check=False)
        shutil.rmtree(LOGS_KEPT_IN, ignore_errors=True)
        if (found.state_dir / "logs").is_dir():
            shutil.copytree(found.state_dir / "logs", LOGS_KEPT_IN)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def world(platform: LivePlatform) -> Iterator[World]:
    """Everything, connected."""
    kubeconfig = Path(platform.addresses["kubeconfig"])
    short_clip = platform.folder / "short.mp4"
    cut(DEMO_CLIP, short_clip, SHORT_CLIP_FRAMES)
    found = World(
        platform,
        Rest(platform.addresses["api"]),
        Kube(kubeconfig),
        ScenarioWatch(kubeconfig),
        ResultsTopic(platform.addresses["kafka"]),
        DEMO_CLIP.as_uri(),
        short_clip.as_uri(),
    )
    yield found
    for part in (found.rest, found.watch, found.kube, found.results):
        part.close()


def cut(source: Path, target: Path, frames: int) -> None:
    """Writes the first frames of a video to another file."""
    video = cv2.VideoCapture(str(source))
    width, height = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    out = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), video.get(cv2.CAP_PROP_FPS), (width, height))
    for _ in range(frames):
        good, frame = video.read()
        assert good
        out.write(frame)
    out.release()
    video.release()
