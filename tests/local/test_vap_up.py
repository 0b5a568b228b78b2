"""`vap up` from the outside: it starts beside others, ends without a trace, and keeps what it knew."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support.platform import VAP, LivePlatform
from tests.e2e.support.rest import Rest
from tests.support.waiting import wait_for
from vap_local.camera.clips import DEMO_CLIP
from vap_local.supervision.identity import ProcessIdentity

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
SERVICES = {"api", "relay", "inbox", "operator", "pods", "kube-api", "broker", "postgres", "camera", "supervisor"}


@pytest.fixture(scope="module")
def instance() -> Iterator[LivePlatform]:
    """A state folder for all tests of this file, which follow each other."""
    folder = Path(tempfile.mkdtemp(prefix="vap-up-"))
    found = LivePlatform(folder / "state", folder)
    yield found
    found.vap("down", check=False)
    shutil.rmtree(folder, ignore_errors=True)


def assert_all_gone(identities: list[ProcessIdentity], timeout_s: float) -> None:
    wait_for(lambda: not any(identity.is_running() for identity in identities), "every process to be gone", timeout_s)


@pytest.fixture(scope="module")
def scenario(instance: LivePlatform) -> str:
    """A looping scenario, started while its port was taken, and interrupted by Ctrl-C."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        supervisor = subprocess.Popen(
            [VAP, "up", "--state-dir", str(instance.state_dir), "--api-port", str(port)],
            cwd=instance.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert supervisor.stdout is not None
            printed = ""
            for line in supervisor.stdout:
                printed += line
                if "get videoscenarios" in line:
                    break
            assert f"port {port} is taken; api uses" in printed, printed
            instance.addresses = instance.status()
            assert instance.addresses["api"] != f"http://127.0.0.1:{port}"
            rest = Rest(instance.addresses["api"])
            started = rest.start(DEMO_CLIP.as_uri(), detector="mock", on_stream_end="Restart")
            rest.wait_for_state(started, "active")
            rest.wait_for_frames(started, lambda frame: frame["frame_number"] > 3)
            rest.close()
            identities = instance.identities()
            assert set(instance.processes()) >= SERVICES
            supervisor.send_signal(signal.SIGINT)
            rest_of_output = supervisor.stdout.read()
            assert supervisor.wait(30) == 0, rest_of_output
            assert_all_gone(identities, timeout_s=1)
        finally:
            supervisor.kill()
            supervisor.wait()
            if supervisor.stdout is not None:
                supervisor.stdout.close()
    return started


def test_ctrl_c_leaves_no_process(instance: LivePlatform, scenario: str) -> None:
    assert instance.vap("status", check=False).returncode == 3


def test_a_second_start_goes_on_with_scenarios_and_results(instance: LivePlatform, scenario: str) -> None:
    instance.up()
    rest = Rest(instance.addresses["api"])
    before = rest.results(scenario)
    assert len(before) > 3
    known = before[-1]["epoch"]
    rest.wait_for_frames(scenario, lambda frame: frame["epoch"] > before[0]["epoch"], timeout_s=60)
    kept = rest.results(scenario)
    assert {(frame["epoch"], frame["frame_number"]) for frame in before} <= {
        (frame["epoch"], frame["frame_number"]) for frame in kept
    }
    assert known >= before[0]["epoch"]
    rest.close()


def test_a_second_supervisor_on_the_same_folder_is_refused(instance: LivePlatform, scenario: str) -> None:
    refused = instance.vap("up", check=False)
    assert refused.returncode == 1
    assert "runs already" in refused.stderr


def test_a_killed_supervisor_takes_everything_with_it(instance: LivePlatform, scenario: str) -> None:
    identities = instance.identities()
    assert len(identities) > len(SERVICES)
    os.kill(instance.processes()["supervisor"][0], signal.SIGKILL)
    assert_all_gone(identities, timeout_s=15)


def test_a_start_after_a_crash_works_and_down_ends_it(instance: LivePlatform, scenario: str) -> None:
    instance.up()
    rest = Rest(instance.addresses["api"])
    assert rest.scenario(scenario)["scenario_uuid"] == scenario
    rest.shut_down(scenario)
    rest.wait_for_state(scenario, "inactive", timeout_s=60)
    rest.close()
    identities = instance.identities()
    instance.down()
    assert_all_gone(identities, timeout_s=1)
    assert "nothing runs" in instance.vap("down").stdout
