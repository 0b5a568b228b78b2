"""VAP api: the REST service, the outbox relay and the inbox."""
