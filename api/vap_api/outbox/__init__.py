"""The transactional outbox: rows written with the scenario, and the relay that takes them to Kafka."""
