"""Alembic's entry: runs on the connection that `vap_api.db.schema` puts into the configuration."""

from alembic import context

from vap_api.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
