"""What is true of one scenario and what follows from it: pure functions, no I/O."""
