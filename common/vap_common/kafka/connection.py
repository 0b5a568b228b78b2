"""Client configuration from settings: one place for addresses, protection and shared tuning."""

from typing import Any

from vap_common.settings import KafkaSettings

ClientConfig = dict[str, Any]


def client_config(settings: KafkaSettings, client_id: str) -> ClientConfig:
    """What producer, consumer and admin clients have in common."""
    config: ClientConfig = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": client_id,
        "security.protocol": settings.kafka_security_protocol,
        "allow.auto.create.topics": False,
        # librdkafka prints plain lines to stderr; every client here reports errors by its error_cb instead.
        "log_level": 2,
        # A broker that comes back is found within a second or so, instead of librdkafka's 10.
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        "socket.keepalive.enable": True,
        # A topic that was found missing is looked for again only at this interval.
        "topic.metadata.refresh.interval.ms": 5_000,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        config["sasl.mechanism"] = settings.kafka_sasl_mechanism
        config["sasl.username"] = settings.kafka_sasl_username or ""
        password = settings.kafka_sasl_password
        config["sasl.password"] = password.get_secret_value() if password else ""
    if settings.kafka_security_protocol.endswith("SSL") and settings.kafka_ssl_ca_location:
        config["ssl.ca.location"] = settings.kafka_ssl_ca_location
    return config


def producer_config(settings: KafkaSettings, client_id: str) -> ClientConfig:
    """A producer that acknowledges after all in-sync replicas have the record, in order also when it retries.

    Order comes from idempotence, or, without it, from one request at a time.
    """
    order: ClientConfig = (
        {"enable.idempotence": True}
        if settings.kafka_idempotent_producer
        else {"enable.idempotence": False, "max.in.flight.requests.per.connection": 1}
    )
    return (
        client_config(settings, client_id)
        | order
        | {
            "acks": "all",
            "linger.ms": 0,
            "compression.type": "lz4",
            "queue.buffering.max.kbytes": 65_536,
            "message.max.bytes": 4_000_000,
        }
    )


def consumer_config(settings: KafkaSettings, client_id: str, group_id: str) -> ClientConfig:
    """A consumer whose offsets are stored and committed by hand, after the work is done."""
    return client_config(settings, client_id) | {
        "group.id": group_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": settings.kafka_fetch_wait_max_ms,
        "fetch.error.backoff.ms": 100,
        "queued.max.messages.kbytes": 32_768,
    }
