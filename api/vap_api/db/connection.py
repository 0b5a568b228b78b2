"""Connections: who we are to the server, and how fast we notice that it is gone."""

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.settings import Settings

CONNECT_TIMEOUT_S = 3
NETWORK_SILENCE_MS = 10_000
"""Unacknowledged bytes for so long mean that the server's machine is gone (not a server that is busy)."""


def connect(settings: Settings, application_name: str, *, statement_timeout_s: float = 60.0) -> Connection:
    """A new connection, in UTC. Raises psycopg2.OperationalError while the server is away.

    `statement_timeout_s` is enforced by the server: a statement of ours never runs longer.
    """
    opened: Connection = psycopg2.connect(
        settings.database_url.get_secret_value(),
        application_name=application_name,
        connect_timeout=CONNECT_TIMEOUT_S,
        keepalives=1,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=NETWORK_SILENCE_MS,
        options=f"-c statement_timeout={int(statement_timeout_s * 1000)} -c timezone=UTC",
    )
    return opened
