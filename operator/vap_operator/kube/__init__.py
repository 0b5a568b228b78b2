"""The edge to the Kubernetes API: a thin client for writes and lists, kopf for watching."""
