"""PostgreSQL: connections, tables, migrations, partitions."""
