"""VAP on one machine: `vap up`."""
