"""The schema's version: bringing it to the newest, and asking whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from vap_api.db.connection import connect
from vap_api.settings import Settings

MIGRATION_LOCK = 0x5641_5001
"""Advisory lock of whoever migrates; others wait for it, then find nothing left to do."""
LOCK_TIMEOUT = "10s"
"""A migration that waits longer than this for a table's lock gives up, rather than make all others queue behind it."""
STATEMENT_TIMEOUT_S = 3600.0


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def newest_revision() -> str:
    """The revision this release needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(connection: Connection) -> str | None:
    """The revision the database has; None where nothing was migrated yet."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def upgrade(settings: Settings) -> str:
    """Brings the schema to the newest revision and returns it. Idempotent, and safe when several do it at once.

    Raises sqlalchemy.exc.OperationalError while the database is away.
    """
    engine = create_engine(
        "postgresql+psycopg2://",
        creator=lambda: connect(settings, "vap-api migrate", statement_timeout_s=STATEMENT_TIMEOUT_S),
        hide_parameters=True,
    )
    try:
        with engine.connect() as connection:
            # Held by the session, and gone with it: it spans the transactions of all migrations.
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.commit()
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()
    return newest_revision()
