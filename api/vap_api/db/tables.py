"""The tables as the queries see them. The migrations make them; a test compares the two."""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()

Time = DateTime(timezone=True)

SHOWN_STATUS = (
    "CASE WHEN shutdown_requested_at IS NOT NULL AND status IN ('init_startup', 'in_startup_processing', 'active') "
    "THEN 'init_shutdown' ELSE status END"
)

scenarios = Table(
    "scenarios",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("scenario_uuid", UUID(as_uuid=True), nullable=False),
    Column("name", Text),
    Column("camera_url", Text, nullable=False),
    Column("camera_url_encrypted", Text),
    Column("analysis", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("ready", Boolean, nullable=False, server_default=text("false")),
    Column("ready_reason", Text, nullable=False, server_default=""),
    Column("worker_id", UUID(as_uuid=True)),
    Column("runner", Text),
    Column("process_pid", Integer),
    Column("epoch", BigInteger),
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
    Column("restarts", Integer, nullable=False, server_default=text("0")),
    Column("frames_processed", BigInteger, nullable=False, server_default=text("0")),
    Column("frames_per_second", Float, nullable=False, server_default=text("0")),
    Column("last_frame_at", Time),
    Column("shutdown_requested_at", Time),
    Column("created_at", Time, nullable=False, server_default=func.now()),
    Column("updated_at", Time, nullable=False, server_default=func.now()),
    # When the operator last said something of it, by our clock; and by its own.
    Column("confirmed_at", Time),
    Column("status_published_at", Time),
    # When the relay last asked for it again, and when a final scenario was last seen alive.
    Column("nudged_at", Time),
    Column("alive_seen_at", Time),
    # What people see: an asked-for shutdown counts from the moment it was asked for.
    Column("shown_status", Text, Computed(SHOWN_STATUS, persisted=True)),
    UniqueConstraint("scenario_uuid", name="scenarios_scenario_uuid_key"),
    Index("scenarios_shown_status_id", "shown_status", "id"),
    Index("scenarios_name_id", "name", "id", postgresql_where=text("name IS NOT NULL")),
    Index("scenarios_created_at", "created_at"),
    Index("scenarios_not_final", "id", postgresql_where=text("status <> 'inactive'")),
    Index("scenarios_alive_seen", "id", postgresql_where=text("alive_seen_at IS NOT NULL")),
)

scenario_transitions = Table(
    "scenario_transitions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "scenario_uuid",
        UUID(as_uuid=True),
        ForeignKey("scenarios.scenario_uuid", name="scenario_transitions_scenario_uuid_fkey", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("sequence", BigInteger, nullable=False),
    # 0 where the transition belongs to no epoch yet: NULL would not be unique.
    Column("epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False, server_default=""),
    Column("at", Time, nullable=False),
    Column("worker_id", UUID(as_uuid=True)),
    Column("runner", Text),
    UniqueConstraint("scenario_uuid", "sequence", "epoch", name="scenario_transitions_order_key"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("worker_id", UUID(as_uuid=True), nullable=False),
    Column(
        "scenario_uuid",
        UUID(as_uuid=True),
        ForeignKey("scenarios.scenario_uuid", name="workers_scenario_uuid_fkey", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("camera_url", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("process_pid", Integer),
    Column("runner", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("created_at", Time, nullable=False, server_default=func.now()),
    Column("updated_at", Time, nullable=False, server_default=func.now()),
    UniqueConstraint("worker_id", name="workers_worker_id_key"),
    Index("workers_scenario_uuid_id", "scenario_uuid", "id"),
    Index("workers_status_id", "status", "id"),
)

outbox_scenario = Table(
    "outbox_scenario",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("scenario_uuid", UUID(as_uuid=True), nullable=False),
    Column("payload", JSONB, nullable=False),
    # Travels as a header; the same for each time the row is sent.
    Column("message_id", UUID(as_uuid=True), nullable=False, server_default=text("gen_random_uuid()")),
    Column("traceparent", Text),
    Column("published", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Time, nullable=False, server_default=func.now()),
    Column("published_at", Time),
    # A row that can never be sent: set aside, so that the rows behind it go on.
    Column("failed_at", Time),
    Column("error", Text),
    Index("outbox_scenario_pending", "id", postgresql_where=text("NOT published AND failed_at IS NULL")),
)

scenario_results = Table(
    "scenario_results",
    metadata,
    # No foreign key: results may come before their scenario's row.
    Column("scenario_uuid", UUID(as_uuid=True), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("frame_number", BigInteger, nullable=False),
    Column("timestamp", Time, nullable=False),
    Column("worker_id", UUID(as_uuid=True), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("detector", Text, nullable=False),
    Column("inference_ms", REAL, nullable=False),
    Column("detections", JSONB, nullable=False),
    Column("published_at", Time, nullable=False),
    Column("stored_at", Time, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("scenario_uuid", "epoch", "frame_number", "timestamp", name="scenario_results_pkey"),
    postgresql_partition_by="RANGE (timestamp)",
)
