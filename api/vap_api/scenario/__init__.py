"""Scenarios: starting, stopping and looking at them."""
