"""Images, chart, skaffold and compose: what they name exists, and what they render is what is promised."""
