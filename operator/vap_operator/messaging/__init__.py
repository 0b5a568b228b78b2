"""The edge to Kafka: readers on threads of their own, one producer."""
