"""The worker process: one scenario's frames on one straight line from capture to Kafka."""
