"""`vap sql`: PostgreSQL's own psql on the platform's database."""

import os
from collections.abc import Sequence
from typing import NoReturn

from psycopg2.extensions import parse_dsn

from vap_local.embedded.postgres import programs_folder


def run_psql(database_url: str, arguments: Sequence[str]) -> NoReturn:
    """Becomes psql. The URL goes through the environment: a process list shows arguments."""
    program = programs_folder() / "psql"
    os.execve(program, [str(program), *arguments], os.environ | _as_environment(database_url))  # noqa: S606 - no shell


def _as_environment(database_url: str) -> dict[str, str]:
    # libpq's names for its connection parameters in the environment
    names = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD"}
    return {names[key]: value for key, value in parse_dsn(database_url).items() if key in names}
