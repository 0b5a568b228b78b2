"""A thread that reads one topic and hands its records to the event loop, batch by batch."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Generic, TypeVar

import structlog
from confluent_kafka import KafkaError, KafkaException

from vap_common.backoff import Backoff
from vap_common.kafka.dead_letters import TooManyDeadLettersError
from vap_common.kafka.reader import Record, TopicReader
from vap_common.messages import Message

log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Message)

CAUGHT_UP_INTERVAL_S = 0.5
READ_TIMEOUT_S = 0.2
ASSIGN_TIMEOUT_S = 2.0
"""Short, because a stop waits for it."""
_NO_TOPIC = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}  # noqa: SLF001


class TopicThread(Generic[M]):
    """Reads until stopped; a reader that fails is made anew after a jittered pause.

    Guarantee: `handle` has returned for every record of a batch before its offsets are committed (where
    `commit` is set) and before the next batch is read. `on_caught_up` is called when everything that the
    broker had about a moment ago has been handled, `on_interrupted` when the broker was away or has forgotten
    everything: what was written to it may be lost. All run on the event loop.
    """

    def __init__(
        self,
        name: str,
        make_reader: Callable[[], TopicReader[M]],
        handle: Callable[[Sequence[Record[M]]], Awaitable[None]],
        loop: asyncio.AbstractEventLoop,
        *,
        commit: bool,
        make_topics: Callable[[], object],
        on_caught_up: Callable[[], None] | None = None,
        on_interrupted: Callable[[], None] | None = None,
        on_fatal: Callable[[str], None],
    ) -> None:
        self._name = name
        self._make_reader = make_reader
        self._handle = handle
        self._loop = loop
        self._commit = commit
        self._make_topics = make_topics
        self._on_caught_up = on_caught_up
        self._on_interrupted = on_interrupted
        self._on_fatal = on_fatal
        self._stopping = threading.Event()
        # With the log context (service, …) of whoever builds it.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name=f"reader-{name}", daemon=True)
        self._assigned = False
        self._assignments = 0

    @property
    def assigned(self) -> bool:
        """Whether it reads now."""
        return self._assigned

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins to read."""
        self._thread.start()

    async def stop(self) -> None:
        """Ends the thread; what is being handled is cancelled and will be read again where offsets are committed."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, 10.0)

    def _run(self) -> None:
        backoff = Backoff(first=0.2, cap=5.0)
        while not self._stopping.is_set():
            reader = self._make_reader()
            try:
                reader.assign(ASSIGN_TIMEOUT_S)
                self._assigned = True
                self._assignments += 1
                backoff.reset()
                if self._assignments > 1:
                    self._tell_of_interruption()
                self._read_until_stopped(reader)
            except TooManyDeadLettersError as error:
                self._loop.call_soon_threadsafe(self._on_fatal, f"{self._name}: {error}")
                return
            except (KafkaException, TimeoutError, FutureCancelledError) as error:
                if self._stopping.is_set():
                    break
                log.warning("operator.reader_failed", topic=self._name, error=_describe(error))
                self._make_missing_topics(error)
                self._stopping.wait(backoff.next_delay())
            finally:
                self._assigned = False
                reader.close()

    def _read_until_stopped(self, reader: TopicReader[M]) -> None:
        next_check = 0.0
        while not self._stopping.is_set():
            records = reader.read(READ_TIMEOUT_S)
            if records:
                self._hand_over(records)
                if self._commit and not self._stopping.is_set():
                    reader.commit(records)
            if time.monotonic() < next_check:
                continue
            replacements = reader.replacements
            caught_up = reader.caught_up()
            if reader.replacements > replacements:
                self._tell_of_interruption()
            if caught_up:
                next_check = time.monotonic() + CAUGHT_UP_INTERVAL_S
                if self._on_caught_up is not None:
                    self._loop.call_soon_threadsafe(self._on_caught_up)

    def _tell_of_interruption(self) -> None:
        if self._on_interrupted is not None:
            self._loop.call_soon_threadsafe(self._on_interrupted)

    def _hand_over(self, records: Sequence[Record[M]]) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(self._run_handler(records), self._loop)
        while True:
            try:
                future.result(timeout=0.5)
                return
            except FutureTimeoutError:
                if future.done():
                    raise
                if self._stopping.is_set():
                    future.cancel()
                    return

    async def _run_handler(self, records: Sequence[Record[M]]) -> None:
        await self._handle(records)

    def _make_missing_topics(self, error: BaseException) -> None:
        code = error.args[0].code() if isinstance(error, KafkaException) and error.args else None
        if code not in _NO_TOPIC:
            return
        try:
            self._make_topics()
        except KafkaException as problem:
            log.warning("operator.topics_missing", topic=self._name, error=_describe(problem))


def _describe(error: BaseException) -> str:
    if isinstance(error, KafkaException) and error.args and isinstance(error.args[0], KafkaError):
        return f"{error.args[0].name()}: {error.args[0].str()}"
    return f"{type(error).__name__}: {error}"
