"""Results are sent under a lease and held, in bounds, without one."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.runner.harness import Desk
from tests.support.waiting import wait_for
from vap_common.messages import FrameResult, ToDeploy
from vap_common.times import utc_now
from vap_runner.worker.lease import SharedLease
from vap_runner.worker.result_sender import ResultSender


@pytest.fixture
def lease() -> Iterator[SharedLease]:
    fd = SharedLease.create_fd()
    yield SharedLease(fd)
    os.close(fd)


def result(order: ToDeploy, number: int) -> FrameResult:
    return FrameResult(
        scenario_uuid=order.scenario_uuid,
        frame_number=number,
        detections=(),
        timestamp=utc_now(),
        epoch=order.epoch,
        worker_id=order.worker_id,
        width=1,
        height=1,
        detector="mock",
        inference_ms=0.0,
        published_at=utc_now(),
    )


def test_without_a_lease_the_newest_results_are_held_and_later_sent_in_order(desk: Desk, lease: SharedLease) -> None:
    order = desk.start("nobody")
    sender = ResultSender(desk.producer, lease, hold_max=5, traceparent=None)
    for number in range(1, 9):
        sender.send(result(order, number))
    assert (sender.held, sender.dropped, sender.sent) == (5, 3, 0)
    lease.extend(time.monotonic() + 60)
    sender.send(result(order, 9))
    assert [r.frame_number for r in desk.wait_results(order, 6)] == [4, 5, 6, 7, 8, 9]
    wait_for(lambda: sender.idle, "all acknowledgements")
    assert (sender.held, sender.dropped, sender.sent) == (0, 3, 6)


def test_a_revoked_lease_stops_at_once(desk: Desk, lease: SharedLease) -> None:
    order = desk.start("nobody")
    sender = ResultSender(desk.producer, lease, hold_max=5, traceparent=None)
    lease.extend(time.monotonic() + 60)
    sender.send(result(order, 1))
    lease.revoke()
    sender.send(result(order, 2))
    sender.release()
    assert sender.held == 1
    assert sender.abandon() == 1
    assert [r.frame_number for r in desk.wait_results(order, 1)] == [1]


def test_the_lease_is_shared_memory(lease: SharedLease) -> None:
    fd = SharedLease.create_fd()
    writer, reader = SharedLease(fd), SharedLease(fd)
    os.close(fd)
    assert not reader.valid
    writer.extend(time.monotonic() + 60)
    assert reader.valid
    writer.revoke()
    assert not reader.valid


def test_an_expired_lease_is_not_valid(lease: SharedLease) -> None:
    lease.extend(time.monotonic() - 0.001)
    assert not lease.valid
