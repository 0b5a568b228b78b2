"""Runner pods: how many there are, and which scenario gets which slot. Decided by one task alone."""
