"""The tables of the first release."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCENARIOS = """
CREATE TABLE scenarios (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scenario_uuid uuid NOT NULL CONSTRAINT scenarios_scenario_uuid_key UNIQUE,
    name text,
    camera_url text NOT NULL,
    camera_url_encrypted text,
    analysis jsonb NOT NULL,
    status text NOT NULL CONSTRAINT scenarios_status_check CHECK (status IN (
        'init_startup', 'in_startup_processing', 'active', 'init_shutdown', 'in_shutdown_processing', 'inactive')),
    reason text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    ready boolean NOT NULL DEFAULT false,
    ready_reason text NOT NULL DEFAULT '',
    worker_id uuid,
    runner text,
    process_pid integer,
    epoch bigint,
    sequence bigint NOT NULL DEFAULT 0,
    restarts integer NOT NULL DEFAULT 0,
    frames_processed bigint NOT NULL DEFAULT 0,
    frames_per_second double precision NOT NULL DEFAULT 0,
    last_frame_at timestamptz,
    shutdown_requested_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    status_published_at timestamptz,
    nudged_at timestamptz,
    alive_seen_at timestamptz,
    shown_status text GENERATED ALWAYS AS (
        CASE WHEN shutdown_requested_at IS NOT NULL AND status IN ('init_startup', 'in_startup_processing', 'active')
        THEN 'init_shutdown' ELSE status END) STORED
) WITH (fillfactor = 80);
-- Room on each page (fillfactor): confirmations touch no indexed column, so they stay heap-only updates.
CREATE INDEX scenarios_shown_status_id ON scenarios (shown_status, id);
CREATE INDEX scenarios_name_id ON scenarios (name, id) WHERE name IS NOT NULL;
CREATE INDEX scenarios_created_at ON scenarios (created_at);
CREATE INDEX scenarios_not_final ON scenarios (id) WHERE status <> 'inactive';
CREATE INDEX scenarios_alive_seen ON scenarios (id) WHERE alive_seen_at IS NOT NULL;
"""

TRANSITIONS = """
CREATE TABLE scenario_transitions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scenario_uuid uuid NOT NULL CONSTRAINT scenario_transitions_scenario_uuid_fkey
        REFERENCES scenarios (scenario_uuid) ON DELETE CASCADE,
    sequence bigint NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    state text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    worker_id uuid,
    runner text,
    CONSTRAINT scenario_transitions_order_key UNIQUE (scenario_uuid, sequence, epoch)
);
"""

WORKERS = """
CREATE TABLE workers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    worker_id uuid NOT NULL CONSTRAINT workers_worker_id_key UNIQUE,
    scenario_uuid uuid NOT NULL CONSTRAINT workers_scenario_uuid_fkey
        REFERENCES scenarios (scenario_uuid) ON DELETE CASCADE,
    camera_url text NOT NULL,
    status text NOT NULL,
    process_pid integer,
    runner text,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX workers_scenario_uuid_id ON workers (scenario_uuid, id);
CREATE INDEX workers_status_id ON workers (status, id);
"""

OUTBOX = """
CREATE TABLE outbox_scenario (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scenario_uuid uuid NOT NULL,
    payload jsonb NOT NULL,
    message_id uuid NOT NULL DEFAULT gen_random_uuid(),
    traceparent text,
    published boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    failed_at timestamptz,
    error text
) WITH (
    -- Every row is updated once and deleted later. Vacuum by count, not by share of the table, so that the
    -- index of pending rows stays a page or two however large the history is.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX outbox_scenario_pending ON outbox_scenario (id) WHERE NOT published AND failed_at IS NULL;
"""

RESULTS = """
CREATE TABLE scenario_results (
    scenario_uuid uuid NOT NULL,
    epoch bigint NOT NULL,
    frame_number bigint NOT NULL,
    timestamp timestamptz NOT NULL,
    worker_id uuid NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    detector text NOT NULL,
    inference_ms real NOT NULL,
    detections jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT scenario_results_pkey PRIMARY KEY (scenario_uuid, epoch, frame_number, timestamp)
) PARTITION BY RANGE (timestamp);
-- For times outside the kept days: a camera host with a wrong clock must not stop the rest.
CREATE TABLE scenario_results_default PARTITION OF scenario_results DEFAULT;
"""


def upgrade() -> None:
    for statements in (SCENARIOS, TRANSITIONS, WORKERS, OUTBOX, RESULTS):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DROP TABLE scenario_results, outbox_scenario, workers, scenario_transitions, scenarios")
