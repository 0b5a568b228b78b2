"""Keeps the topics there: an emptied broker gets them again without anybody's help."""

import threading

import structlog
from confluent_kafka import KafkaException

from vap_common.kafka.admin import ensure_topics
from vap_common.settings import KafkaSettings

log = structlog.get_logger(__name__)

LEAST_GAP_S = 2.0
TIMEOUT_S = 10.0


class TopicKeeper:
    """A thread that checks every `interval_s`, and soon after `suspect`, but never in a hot loop."""

    def __init__(self, settings: KafkaSettings, interval_s: float) -> None:
        self._settings = settings
        self._interval_s = interval_s
        self._suspected = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="topic-keeper", daemon=True)

    def start(self) -> None:
        """Begins to check."""
        self._thread.start()

    def suspect(self) -> None:
        """Something said that a topic is missing. May be called from any thread, as often as one likes."""
        self._suspected.set()

    def stop(self) -> None:
        """Ends the thread; one that waits for a broker that is away is left to end with the process."""
        self._stopping.set()
        self._suspected.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                ensure_topics(self._settings, "vap-api-topic-keeper", timeout_s=TIMEOUT_S)
            except KafkaException as error:
                log.warning("topics.check_failed", error=error.args[0].name())
            if self._stopping.wait(LEAST_GAP_S):
                return
            self._suspected.wait(max(0.0, self._interval_s - LEAST_GAP_S))
            self._suspected.clear()
