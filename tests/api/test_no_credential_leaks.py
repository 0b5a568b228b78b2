"""A camera's credentials: posted once, and then nowhere but inside the encrypted URL."""

import re

import httpx
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.api.conftest import Command, StartCommand
from tests.support.waiting import wait_for
from vap_api.settings import Settings
from vap_common.camera.cipher import CameraUrlCipher
from vap_common.kafka.topics import TOPICS

SECRETS = ("hunter2", "p%40ss", "sesame-token", "p@ss")
URLS = (
    "rtsp://admin:hunter2@10.0.0.7/a",
    "rtsp://admin:p%40ss@10.0.0.7/a",
    "rtsp://admin:p@ss@10.0.0.7/a",
    "https://10.0.0.7/a?token=sesame-token&quality=high",
)
REFUSED = ("ftp://admin:hunter2@10.0.0.7/a", "rtsp://admin:hunter2@127.0.0.1/a", "rtsp://admin:hunter2@:1x/")


def all_tables(database: Connection) -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        text = []
        for name in names:
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            text += [row for (row,) in cursor.fetchall()]
    return "\n".join(text)


def all_topics(settings: Settings) -> str:
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": "look"})
    partitions = [TopicPartition(topic.name, number, OFFSET_BEGINNING) for topic in TOPICS for number in range(6)]
    partitions += [TopicPartition(topic.dead_letters, 0, OFFSET_BEGINNING) for topic in TOPICS]
    consumer.assign(partitions)
    found: list[str] = []

    def arrived() -> bool:
        for record in consumer.consume(100, timeout=0.2):
            assert record.error() is None
            found.append(f"{record.key()!r} {record.value()!r} {record.headers()!r}")
        return len(found) >= len(URLS)

    wait_for(arrived, "the requests")
    consumer.close()
    return "\n".join(found)


def test_nothing_shows_a_credential(
    broker_settings: Settings, database: Connection, start_command: StartCommand
) -> None:
    processes: list[Command] = [
        start_command("serve", broker_settings.model_copy(update={"api_port": 0})),
        start_command("relay", broker_settings),
        start_command("inbox", broker_settings),
    ]
    serve = processes[0]
    found = wait_for(lambda: re.search(r"running on (http://[\d.:]+)", serve.log), "serve to listen")
    answers: list[str] = []
    with httpx.Client(base_url=found.group(1)) as client:
        for url in (*URLS, *REFUSED):
            answers.append(client.post("/api/v1/scenario/init", json={"camera_url": url}).text)
            answers.append(client.get(f"/api/v1/scenarios?name={url}").text)
            answers.append(client.get(f"/{url}?camera_url={url}").text)
        topics = all_topics(broker_settings)
        for entry in client.get("/api/v1/scenarios").json()["scenarios"]:
            uuid = entry["scenario_uuid"]
            paths = (f"scenarios/{uuid}", f"prediction/{uuid}", f"scenarios/{uuid}/history")
            answers += [client.get(f"/api/v1/{path}").text for path in paths]
        answers.append(client.get("/metrics").text)

    everything = "\n".join([*answers, all_tables(database), topics, *(process.log for process in processes)])
    for secret in SECRETS:
        assert secret not in everything
    assert "10.0.0.7/a?token=***&quality=high" in everything

    cipher = CameraUrlCipher(broker_settings.vap_secret_key)
    with database.cursor() as cursor:
        cursor.execute("SELECT camera_url_encrypted FROM scenarios ORDER BY id")
        assert [cipher.decrypt(token) for (token,) in cursor.fetchall()] == list(URLS)
