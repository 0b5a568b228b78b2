"""Thin wrappers around confluent-kafka: what every service needs to send and read messages safely."""
