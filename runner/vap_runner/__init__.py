"""VAP runner: a pod of worker processes, one per scenario."""
