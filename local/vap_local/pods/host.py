"""What a container gets from the machine it runs on: folders, programs, and the few variables it inherits."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vap_local.kubeclient.client import JsonObject
from vap_local.pods.programs import Programs
from vap_local.supervision.ledger import ProcessLedger

POD_RUNNER_VARIABLE = "VAP_POD_RUNNER"
"""Marks every process of a pod with the instance it belongs to."""
INHERITED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH",
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "VAP_INSTANCE",
)  # fmt: skip


@dataclass(frozen=True)
class Host:
    """The machine, as the pods of one instance see it."""

    instance: str
    log_folder: Path
    working_folder: Path
    ledger: ProcessLedger
    programs: Programs = field(default_factory=Programs)
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def base_environment(self, pod_name: str) -> dict[str, str]:
        """What a container's environment begins with. A container does not inherit the rest."""
        inherited = {name: self.variables[name] for name in INHERITED if name in self.variables}
        return inherited | {"HOSTNAME": pod_name, POD_RUNNER_VARIABLE: self.instance}

    def log_file(self, pod: JsonObject, container_name: str) -> Path:
        """Where a container's output goes: POD.log, or POD.CONTAINER.log where the pod has several.

        The API server looks for it there when it is asked for logs.
        """
        name = str(pod["metadata"]["name"])
        alone = len(pod["spec"]["containers"]) == 1
        return self.log_folder / (f"{name}.log" if alone else f"{name}.{container_name}.log")


OnChange = Callable[[], None]
