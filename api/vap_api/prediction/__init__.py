"""Predictions: what was seen in a scenario's frames."""
