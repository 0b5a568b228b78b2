"""Which Kubernetes version the server claims to be: the one its contract is tested against."""

import platform

from vap_local.kube.jsons import JsonObject

MAJOR, MINOR = "1", "34"


def version_info() -> JsonObject:
    """``/version``."""
    return {
        "major": MAJOR,
        "minor": MINOR,
        "gitVersion": f"v{MAJOR}.{MINOR}.0+vap",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": platform.python_implementation().lower(),
        "platform": f"linux/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }",
    }
