"""PostgreSQL and a Kafka-protocol broker out of wheels, for one machine."""
