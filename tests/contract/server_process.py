"""The platform's own server as a process, to be stopped, killed and started again."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType


class ServerProcess:
    """``python -m vap_local.kube`` with a state directory that outlives it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it on the port it had before, and wait for its ready line."""
        command = [sys.executable, "-m", "vap_local.kube", "--state-dir", str(self.folder)]
        command += ["--kubeconfig", str(self.kubeconfig), "--port", str(self.port), *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], 30)
        line = self._process.stdout.readline() if readable else ""
        assert line.startswith("ready https://127.0.0.1:"), f"no ready line but {line!r}"
        self.port = int(line.split()[1].rpartition(":")[2])

    def stop(self) -> int:
        """End it as an operator of the machine would; returns its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        deadline = time.monotonic() + 10
        try:
            return process.wait(timeout=max(deadline - time.monotonic(), 0))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()
