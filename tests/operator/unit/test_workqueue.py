"""No key twice at the same time, none forgotten."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from vap_operator.reconcile.workqueue import WorkQueue


async def test_a_key_waits_once_and_is_worked_on_again_if_added_meanwhile() -> None:
    queue = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 1
    assert await queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0, "not while it is worked on"
    queue.done("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_the_earliest_delay_counts() -> None:
    queue = WorkQueue()
    queue.add_after("a", 60)
    queue.add_after("a", 0.01)
    queue.add_after("a", 30)
    assert await asyncio.wait_for(queue.get(), 5) == "a"
    queue.close()


async def test_failures_back_off_and_success_forgets() -> None:
    queue = WorkQueue(first_retry_s=1, max_retry_s=8)
    delays = [queue.retry("a") for _ in range(6)]
    assert all(delay <= 8 for delay in delays)
    assert delays[4] >= 4
    assert queue.retry("a", at_least_s=20) == 20
    queue.forget("a")
    assert queue.retry("a") <= 1
    queue.close()


async def test_a_cancelled_waiter_does_not_swallow_a_key() -> None:
    queue = WorkQueue()
    first = asyncio.create_task(queue.get())
    second = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    first.cancel()
    assert await asyncio.wait_for(second, 5) == "a"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from("abcde"), max_size=40), st.integers(1, 4))
def test_every_key_is_worked_on_after_its_last_add_and_never_twice_at_once(keys: list[str], workers: int) -> None:
    async def scenario() -> None:
        queue = WorkQueue()
        added: dict[str, int] = {}
        seen: dict[str, int] = {}
        busy: set[str] = set()

        async def work() -> None:
            while True:
                key = await queue.get()
                assert key not in busy
                busy.add(key)
                version = added[key]
                await asyncio.sleep(0)
                seen[key] = version
                busy.discard(key)
                queue.done(key)

        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        for number, key in enumerate(keys):
            added[key] = number
            queue.add(key)
            if number % 3 == 0:
                await asyncio.sleep(0)
        for _ in range(400):
            if seen == added:
                break
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert seen == added

    asyncio.run(scenario())
