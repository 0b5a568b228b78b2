"""PID 1 of the development images: SIGHUP starts the service again, SIGTERM ends it, its end is the container's end."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packaging.repository import ROOT
from tests.support.waiting import wait_for

SCRIPT = ROOT / "helm" / "dev" / "restart-on-hup.sh"
SERVICE = 'trap "echo stopped >>$1; exit 7" TERM; echo started >>$1; while :; do sleep 0.05; done'

Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    file = tmp_path / "record"
    file.touch()
    return file


@pytest.fixture
def start(record: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(service: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["sh", str(SCRIPT), "sh", "-c", service, "service", str(record)])
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=10)


def test_hup_starts_the_service_again_and_term_ends_both(start: Start, record: Path) -> None:
    process = start(SERVICE)
    wait_for(lambda: record.read_text() == "started\n", "the first start")
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: record.read_text() == "started\nstopped\nstarted\n", "the second start")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 7
    assert record.read_text().endswith("stopped\n")


def test_a_service_that_ends_by_itself_ends_the_container_with_its_status(start: Start) -> None:
    assert start("exit 3").wait(timeout=10) == 3
