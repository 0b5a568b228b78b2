"""`vap topic`: records as lines of JSON."""

import json
import uuid

from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import INIT_SCENARIO
from vap_common.messages import InitScenario
from vap_common.settings import KafkaSettings
from vap_common.times import utc_now
from vap_local.commands.topic import read_topic


def test_every_record_is_one_line_of_json_poison_included(kafka: KafkaSettings) -> None:
    message = InitScenario(scenario_uuid=uuid.uuid4(), camera_url="rtsp://10.0.0.7/a", requested_at=utc_now())
    with MessageProducer(kafka, "test") as producer:
        producer.send(INIT_SCENARIO, str(message.scenario_uuid), message)
        producer.send_raw(INIT_SCENARIO.name, b"poison", b"\xff{", [])
        producer.send(INIT_SCENARIO, "gone", None)
        producer.flush(10)

    lines = [json.loads(line) for line in read_topic(kafka.kafka_bootstrap_servers, INIT_SCENARIO.name, follow=False)]

    values = {line["key"]: line["value"] for line in lines}
    assert values[str(message.scenario_uuid)]["camera_url"] == "rtsp://10.0.0.7/a"
    assert values["poison"] == "\ufffd{"
    assert values["gone"] is None
    assert all(set(line["headers"]) >= {"message_id"} for line in lines if line["key"] != "poison")
