"""`vap-runner`: runs the workers of one pod."""

import signal
import sys

from vap_common.logs import configure_logging
from vap_runner.app import RunnerApp
from vap_runner.settings import Settings


def main() -> None:
    """Reads the environment, runs until SIGTERM or SIGINT, drains, exits."""
    settings = Settings()
    configure_logging(settings, "runner")
    app = RunnerApp(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.request_stop())
    sys.exit(app.run())


if __name__ == "__main__":
    main()
