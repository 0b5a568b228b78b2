"""The state folder, its lock and its record."""

import os
import socket
import stat
from pathlib import Path

import pytest

from vap_common.times import utc_now
from vap_local.stack.addresses import USUAL_PORTS, Addresses
from vap_local.state.folder import StateFolder
from vap_local.state.instance_lock import AlreadyRunningError, InstanceLock
from vap_local.state.record import PlatformRecord
from vap_local.supervision.log_files import keep_newest, rotate, tail


def test_keys_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.make()
    key = folder.secret_key()
    assert folder.secret_key() == key
    assert stat.S_IMODE((folder.root / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700


def test_a_second_supervisor_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = InstanceLock(tmp_path / "lock"), InstanceLock(tmp_path / "lock")
    assert second.holder() is None
    first.acquire()
    with pytest.raises(AlreadyRunningError):
        second.acquire()
    assert second.holder() is not None
    first.release()
    second.acquire()
    second.release()


def test_a_taken_port_is_replaced_and_the_others_stay() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        addresses = Addresses.choose({"kafka": port}, api_port=port)
        assert addresses.replaced()["api"] == port
        assert addresses.replaced()["kafka"] == port
        assert addresses["api"] != port
        assert set(addresses.ports) == set(USUAL_PORTS)


def test_a_record_that_cannot_be_understood_is_no_record(tmp_path: Path) -> None:
    file = tmp_path / "platform.json"
    assert PlatformRecord.read(file) is None
    file.write_text("{}")
    assert PlatformRecord.read(file) is None
    record = PlatformRecord(
        supervisor_pid=1, started_at=utc_now(), ready=True, state_dir=tmp_path, api="a", docs="d", kafka="k",
        database="postgresql://u:p@h/d", kubeconfig=tmp_path, camera="c", clip="f", ports={"api": 1},
    )  # fmt: skip
    record.write(file)
    assert PlatformRecord.read(file) == record
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_large_log_is_moved_aside_and_its_end_can_be_shown(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert tail(log) == ""
    for number in range(5):
        log.write_text(f"run {number}\n" * 100)
        rotate(log, above_bytes=10)
    assert not log.exists()
    assert tail(tmp_path / "x.log.1", lines=1) == "run 4"
    assert not (tmp_path / "x.log.4").exists()


def test_only_the_newest_logs_of_pods_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        log = tmp_path / f"pod-{number}.log"
        log.touch()
        os.utime(log, (number, number))
    keep_newest(tmp_path, 2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["pod-3.log", "pod-4.log"]
