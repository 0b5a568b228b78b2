"""The loop: what was observed leads to a pass over a scenario, whose outcome is persisted, then acted upon."""
