"""Which offsets may be committed: those of stored batches, for partitions that are still ours."""

from collections.abc import Iterable

from confluent_kafka import TopicPartition


class Offsets:
    """Next offset to read, per partition. Not thread-safe: it belongs to the consumer's thread."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._owned: set[int] = set()
        self._stored: dict[int, int] = {}
        self.generation = 0
        """Counts assignments that ended. A batch read under an older one says nothing about the present log."""

    @property
    def owned(self) -> list[TopicPartition]:
        """The partitions that are ours."""
        return [TopicPartition(self._topic, partition) for partition in sorted(self._owned)]

    def assign(self, partitions: Iterable[int]) -> None:
        """These are ours now, too."""
        self._owned.update(partitions)

    def drop(self, partitions: Iterable[int]) -> None:
        """These are not ours any more: their new owner commits."""
        self.generation += 1
        for partition in partitions:
            self._owned.discard(partition)
            self._stored.pop(partition, None)

    def stored(self, next_offsets: dict[int, int], generation: int) -> None:
        """Everything before these offsets is in the database."""
        if generation != self.generation:
            return
        for partition, offset in next_offsets.items():
            if partition in self._owned:
                self._stored[partition] = offset

    def take(self) -> list[TopicPartition]:
        """What is to be committed, once."""
        taken = [TopicPartition(self._topic, partition, offset) for partition, offset in self._stored.items()]
        self._stored.clear()
        return taken
