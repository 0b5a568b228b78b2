"""Starts processes in order, watches them, starts them again, ends them in order, and leaves none behind."""
