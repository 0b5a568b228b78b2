"""What the broker acknowledged on the topic `results`: read by a consumer of our own."""

import threading
from collections import defaultdict

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.e2e.support.rest import Identity
from vap_common.kafka.topics import RESULTS
from vap_common.messages import FrameResult, MessageDecodeError
from vap_common.times import format_rfc3339


class ResultsTopic:
    """Reads the whole topic from its beginning, and goes on."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap_servers, "group.id": "e2e-results", "fetch.wait.max.ms": 20, "log_level": 0}
        )
        self._seen: dict[str, set[Identity]] = defaultdict(set)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._consumer.assign(
            [TopicPartition(RESULTS.name, partition, OFFSET_BEGINNING) for partition in range(RESULTS.partitions)]
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def acknowledged(self, scenario: str) -> set[Identity]:
        """Results of one scenario, so far."""
        with self._lock:
            return set(self._seen[scenario])

    def close(self) -> None:
        self._closing.set()
        self._thread.join(timeout=5)
        self._consumer.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            for record in self._consumer.consume(500, timeout=0.1):
                if record.error() is not None:
                    continue
                try:
                    result = FrameResult.decode(record.value())
                except MessageDecodeError:
                    continue
                identity = (result.epoch, result.frame_number, format_rfc3339(result.timestamp))
                with self._lock:
                    self._seen[str(result.scenario_uuid)].add(identity)
