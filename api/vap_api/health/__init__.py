"""Is serve alive, is it ready, and what does it measure."""
