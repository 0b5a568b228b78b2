"""Record headers: message id, schema version and trace context."""

import secrets
import uuid

MESSAGE_ID = "message_id"
SCHEMA_VERSION = "schema_version"
TRACEPARENT = "traceparent"

Headers = list[tuple[str, str | bytes | None]]
RawHeaders = dict[str, str | bytes | None] | Headers
"""What confluent-kafka gives and takes."""


def new_traceparent() -> str:
    """A W3C trace context of a new, sampled trace: `00-<trace id>-<parent id>-01`."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def make_headers(schema_version: int, traceparent: str | None = None, message_id: str | None = None) -> Headers:
    """The headers that every record carries."""
    return [
        (MESSAGE_ID, (message_id or str(uuid.uuid4())).encode()),
        (SCHEMA_VERSION, str(schema_version).encode()),
        (TRACEPARENT, (traceparent or new_traceparent()).encode()),
    ]


def header(headers: RawHeaders | None, name: str) -> str | None:
    """The last value of a header as text, or None."""
    pairs = list(headers.items()) if isinstance(headers, dict) else headers or []
    for key, value in reversed(pairs):
        if key == name and value is not None:
            return value.decode(errors="replace") if isinstance(value, bytes) else value
    return None
