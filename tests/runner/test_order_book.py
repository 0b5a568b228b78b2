"""Which orders count, for every sequence of records."""

import uuid
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from vap_common.messages import DeployAction, ToDeploy
from vap_common.times import utc_now
from vap_runner.manager.lease import RunnerLease
from vap_runner.manager.order_book import NOTHING, OrderBook, ReceivedOrder, Verdict, newest_of_each

ME, OTHER = "pod-a.1", "pod-b.2"
SCENARIO = UUID(int=1)
START, STOP = DeployAction.START, DeployAction.STOP


def order(epoch: int, action: DeployAction = START, runner: str = ME, scenario: UUID = SCENARIO) -> ToDeploy:
    return ToDeploy(
        scenario_uuid=scenario,
        camera_url="file:///a.mp4",
        worker_id=uuid.uuid4(),
        action=action,
        runner=runner,
        epoch=epoch,
        issued_at=utc_now(),
    )


def test_a_start_for_this_runner_starts_and_ends_what_was_before() -> None:
    assert OrderBook(ME).judge(order(5)) == Verdict(start=True, end_through=4, superseded=True)


def test_a_start_for_another_runner_ends_the_own_worker() -> None:
    book = OrderBook(ME)
    book.judge(order(5))
    assert book.judge(order(6, runner=OTHER)) == Verdict(end_through=6, superseded=True)


def test_a_stop_ends_without_taking_the_right_to_send_what_was_seen() -> None:
    book = OrderBook(ME)
    book.judge(order(5))
    assert book.judge(order(5, STOP)) == Verdict(end_through=5)


def test_older_and_equal_orders_are_ignored() -> None:
    book = OrderBook(ME)
    book.judge(order(5, STOP))
    for late in (order(5), order(4), order(4, STOP), order(5, STOP), order(4, runner=OTHER)):
        assert book.judge(late) == NOTHING


def test_the_same_epoch_on_another_runner_ends_the_own_worker() -> None:
    book = OrderBook(ME)
    book.judge(order(5))
    assert book.judge(order(5, runner=OTHER)) == Verdict(end_through=5, superseded=True)


records = st.lists(
    st.builds(
        order,
        epoch=st.integers(1, 4),
        action=st.sampled_from([START, STOP]),
        runner=st.sampled_from([ME, OTHER]),
        scenario=st.sampled_from([UUID(int=1), UUID(int=2)]),
    ),
    max_size=20,
)


@given(records)
def test_a_scenario_and_epoch_starts_at_most_once_and_never_after_its_stop(sequence: list[ToDeploy]) -> None:
    book = OrderBook(ME)
    started: set[tuple[UUID, int]] = set()
    stopped: set[tuple[UUID, int]] = set()
    for record in sequence:
        verdict = book.judge(record)
        key = (record.scenario_uuid, record.epoch)
        if verdict.start:
            assert record.runner == ME
            assert key not in started | stopped
            started.add(key)
        if record.action is STOP:
            stopped.add(key)


@given(records)
def test_reading_a_batch_at_once_ends_like_reading_it_one_by_one(sequence: list[ToDeploy]) -> None:
    def run(batch: list[ToDeploy]) -> set[tuple[UUID, int]]:
        book, running = OrderBook(ME), set[tuple[UUID, int]]()
        for record in batch:
            verdict = book.judge(record)
            if verdict.end_through is not None:
                running -= {(u, e) for u, e in running if u == record.scenario_uuid and e <= verdict.end_through}
            if verdict.start:
                running.add((record.scenario_uuid, record.epoch))
        return running

    # One runner per (scenario, epoch), as the operator has it.
    unique = {(r.scenario_uuid, r.epoch): r.runner for r in sequence}
    batch = [r.model_copy(update={"runner": unique[r.scenario_uuid, r.epoch]}) for r in sequence]
    merged = newest_of_each(ReceivedOrder(record.scenario_uuid, record) for record in batch)
    assert run([entry.order for entry in merged if entry.order]) == run(batch)


def test_a_tombstone_gives_way_to_an_order() -> None:
    tombstone = ReceivedOrder(SCENARIO, None)
    start = ReceivedOrder(SCENARIO, order(1))
    assert newest_of_each([tombstone, start]) == [start]
    assert newest_of_each([start, tombstone]) == [start]
    assert newest_of_each([tombstone, tombstone]) == [tombstone]


def test_a_lease_needs_both_proofs_and_counts_from_when_they_began() -> None:
    lease = RunnerLease(6.0)
    lease.heartbeat_acknowledged(100.0)
    assert lease.deadline == float("-inf")
    lease.orders_read(98.0)
    assert lease.deadline == 104.0
    lease.heartbeat_acknowledged(90.0)  # acknowledgements may overtake each other
    assert lease.deadline == 104.0
    lease.orders_read(103.0)
    assert lease.deadline == 106.0
