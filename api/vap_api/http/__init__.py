"""What all endpoints share: problem documents, limits, tracing, documentation."""
