"""What each long-running command needs around its work: an end, and probes."""
