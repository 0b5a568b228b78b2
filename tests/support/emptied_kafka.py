"""A Kafka that several tests use one after the other, as if it were new for each."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.support.waiting import wait_for
from vap_common.kafka.connection import client_config
from vap_common.kafka.topics import TOPICS
from vap_common.settings import KafkaSettings


def empty_kafka(settings: KafkaSettings) -> None:
    """Deletes the platform's topics and every consumer group, and waits until the topics are gone."""
    admin = AdminClient(client_config(settings, "test-cleaner"))
    ours = {name for topic in TOPICS for name in (topic.name, topic.dead_letters)}

    def present() -> list[str]:
        return sorted(ours & set(admin.list_topics(timeout=10).topics))

    for future in admin.delete_topics(present()).values() if present() else ():
        future.result(timeout=10)
    wait_for(lambda: not present(), "deleted topics to be gone")
    groups = [group.group_id for group in admin.list_consumer_groups().result(timeout=10).valid]
    for future in admin.delete_consumer_groups(groups).values() if groups else ():
        try:
            future.result(timeout=10)
        except KafkaException as error:
            # A member of the test before is still being timed out; its group's offsets point at deleted topics.
            if error.args[0].name() not in ("NON_EMPTY_GROUP", "GROUP_ID_NOT_FOUND"):
                raise
