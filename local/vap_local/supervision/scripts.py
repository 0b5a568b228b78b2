"""The installed programs of this project."""

import sysconfig
from pathlib import Path


def script(name: str) -> str:
    """The path of a console script of the Python environment that runs this."""
    return str(Path(sysconfig.get_path("scripts")) / name)
