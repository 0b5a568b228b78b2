"""Makes the topics of the table, idempotently."""

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from vap_common.kafka.connection import client_config
from vap_common.kafka.topics import DEAD_LETTER_RETENTION_MS, TOPICS
from vap_common.settings import KafkaSettings

log = structlog.get_logger(__name__)

MIN_BROKERS_FOR_REPLICATION = 3


def ensure_topics(settings: KafkaSettings, client_id: str, *, timeout_s: float = 15.0) -> list[str]:
    """Creates what is missing and returns the names created. Raises KafkaException when the broker refuses.

    Three brokers or more get replication 3 and min.insync.replicas 2, fewer get one replica.
    """
    admin = AdminClient(client_config(settings, client_id))
    metadata = admin.list_topics(timeout=timeout_s)
    replication = 3 if len(metadata.brokers) >= MIN_BROKERS_FOR_REPLICATION else 1
    durability = {"min.insync.replicas": "2"} if replication > 1 else {}
    wanted: list[NewTopic] = []
    for topic in TOPICS:
        policy = (
            {"cleanup.policy": "compact", "delete.retention.ms": "86400000", "segment.ms": "3600000"}
            if topic.retention_ms is None
            else {"cleanup.policy": "delete", "retention.ms": str(topic.retention_ms)}
        )
        wanted.append(
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=replication,
                config=policy | durability,
            )
        )
        wanted.append(
            NewTopic(
                topic.dead_letters,
                num_partitions=1,
                replication_factor=replication,
                config={"cleanup.policy": "delete", "retention.ms": str(DEAD_LETTER_RETENTION_MS)} | durability,
            )
        )
    missing = [topic for topic in wanted if topic.topic not in metadata.topics]
    if not missing:
        return []
    created = []
    for name, future in admin.create_topics(missing, operation_timeout=timeout_s).items():
        try:
            future.result(timeout=timeout_s)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            created.append(name)
    log.info("kafka.topics_created", topics=created)
    return created
