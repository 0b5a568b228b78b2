"""The development camera: the demo clip over RTSP, to the whole cluster, in an endless loop (?play_count=0)."""

import asyncio
import signal
from pathlib import Path

from aio_rtsp_toolkit.server import RtspServer

import vap_local

CLIPS = Path(vap_local.__file__).parent / "clips"
PORT = 8554


async def main() -> None:
    """Serves until SIGTERM."""
    server = RtspServer(str(CLIPS), host="0.0.0.0", port=PORT, session_name="VAP camera")  # noqa: S104
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    # Viewers are cut off: waiting for them would never end.
    await asyncio.wait([asyncio.create_task(server.close())], timeout=0.5)


if __name__ == "__main__":
    asyncio.run(main())
