"""Loads everything that an assignment would otherwise wait for."""

import os
from dataclasses import dataclass

import cv2
import structlog
from confluent_kafka import KafkaException

from vap_common.kafka.producer import MessageProducer
from vap_common.kafka.topics import RESULTS
from vap_common.logs import configure_logging
from vap_runner.detectors.errors import DetectorError
from vap_runner.detectors.registry import DetectorRegistry, default_registry
from vap_runner.settings import Settings

log = structlog.get_logger(__name__)

DELIVERY_TIMEOUT_SECONDS = 300.0
CONNECT_SECONDS = 3.0


@dataclass(frozen=True)
class WarmParts:
    """What waits for the assignment."""

    settings: Settings
    registry: DetectorRegistry


def load_parts() -> WarmParts:
    """Settings, logging, libraries and detectors. A detector that does not load fails the scenarios that want it."""
    settings = Settings()
    configure_logging(settings, "runner-worker")
    cv2.setNumThreads(1)
    registry = default_registry(settings.onnx_model_path, settings.onnx_class_names_path)
    names = list(settings.warm_detector_names)
    if settings.onnx_model_path is not None:
        names.append("onnx")
    for name in names:
        try:
            registry.get(name)
        except DetectorError as error:
            log.error("detector.unusable", detector=name, error=str(error))
    return WarmParts(settings, registry)


def connect_producer(settings: Settings) -> MessageProducer:
    """A connected producer; without a broker one that connects later."""
    producer = MessageProducer(
        settings, f"{settings.pod_name}-worker-{os.getpid()}", delivery_timeout_s=DELIVERY_TIMEOUT_SECONDS
    )
    try:
        producer.connect(RESULTS, CONNECT_SECONDS)
    except KafkaException as error:
        log.warning("kafka.not_connected", error=error.args[0].name())
    return producer
