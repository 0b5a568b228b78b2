"""The operator as a real process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.waiting import wait_for


class OperatorProcess:
    """`vap-operator run`, its log in a file."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        self.environment = {
            **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "PYTHONPATH", "LANG")},
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": "0",
            "LOG_FORMAT": "json",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def start(self) -> "OperatorProcess":
        size = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vap_operator.main", "run"], env=self.environment, stdout=log, stderr=log
            )

        def port() -> int:
            self.check()
            found = re.search(rb'"port": (\d+), "event": "operator.health"', self.log.read_bytes()[size:])
            return int(found.group(1)) if found else 0

        self._port = wait_for(port, "the operator's health port")
        return self

    def check(self) -> None:
        """Fails the test if the process has ended."""
        assert self.process is not None
        assert self.process.poll() is None, f"the operator ended with {self.process.returncode}:\n{self.tail()}"

    def tail(self) -> str:
        return self.log.read_text()[-6000:]

    def ready(self) -> bool:
        self.check()
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self._port}/metrics", trust_env=False).text

    def metric(self, name: str, **labels: str) -> float:
        """The sum over all samples of a metric whose labels match."""
        total = 0.0
        for line in self.metrics().splitlines():
            if line.startswith((name + "{", name + " ")) and all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.rpartition(" ")[2])
        return total

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self.process.returncode
