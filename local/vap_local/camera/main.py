"""`python -m vap_local.camera`: serves the demo clips by RTSP over TCP."""

import asyncio
import signal

from aio_rtsp_toolkit.server import RtspServer
from pydantic import Field

from vap_common.logs import configure_logging
from vap_common.settings import ServiceSettings
from vap_local.camera.clips import CLIPS
from vap_local.embedded.ports import LOOPBACK


class CameraServerSettings(ServiceSettings):
    """The demo camera's settings."""

    camera_port: int = Field(default=8554, ge=1, le=65535, description="Port of the RTSP server.")


def main() -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = CameraServerSettings()
    configure_logging(settings, "camera")
    asyncio.run(_serve(settings.camera_port))


async def _serve(port: int) -> None:
    server = RtspServer(str(CLIPS), host=LOOPBACK, port=port, session_name="VAP demo camera")
    await server.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    # Viewers are cut off: waiting for them would never end.
    await asyncio.wait([asyncio.create_task(server.close())], timeout=0.5)


if __name__ == "__main__":
    main()
