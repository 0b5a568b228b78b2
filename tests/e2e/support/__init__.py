"""The whole platform as real processes, and what a user sees of it."""
