"""The demo footage and where it can be seen."""

from pathlib import Path

from vap_local.embedded.ports import LOOPBACK

CLIPS = Path(__file__).resolve().parent.parent / "clips"
DEMO_CLIP = CLIPS / "pedestrians.mp4"


def camera_url(port: int) -> str:
    """The URL of the endless demo stream of a demo camera on `port`."""
    return f"rtsp://{LOOPBACK}:{port}/{DEMO_CLIP.name}?play_count=0"
