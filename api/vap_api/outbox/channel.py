"""The name by which writers wake the relay."""

CHANNEL = "vap_outbox"
"""NOTIFY channel. A hint only: the relay looks at the table in any case."""
