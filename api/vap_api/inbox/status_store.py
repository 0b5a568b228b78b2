"""Stores statuses: scenarios, their transitions and their workers, a batch in four statements."""

import json
from collections.abc import Sequence
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case

from vap_api.inbox.status_fold import FoldedStatus, fold
from vap_api.worker.states import workers_of
from vap_common.messages import ScenarioStatus
from vap_common.times import format_rfc3339

# A scenario of which the end is known, seen alive by a message newer than that end: the relay will ask for
# its shutdown again. Older messages may come twice; they prove nothing.
_SEEN_ALIVE = """
UPDATE scenarios AS s SET alive_seen_at = now()
FROM jsonb_to_recordset(%s::jsonb) AS i (scenario_uuid uuid, published_at timestamptz)
WHERE s.scenario_uuid = i.scenario_uuid AND s.status = 'inactive' AND s.alive_seen_at IS NULL
    AND i.published_at > coalesce(s.status_published_at, s.updated_at)
"""
# The last condition is `supersedes` of status_fold; a row that the operator never spoke of yields to anything.
_UPSERT = """
INSERT INTO scenarios AS s (scenario_uuid, name, camera_url, analysis, status, reason, message, ready, ready_reason,
    worker_id, runner, process_pid, epoch, sequence, restarts, frames_processed, frames_per_second, last_frame_at,
    status_published_at, confirmed_at, created_at, updated_at)
SELECT i.scenario_uuid, i.name, i.camera_url, i.analysis, i.status, i.reason, i.message, i.ready, i.ready_reason,
    i.worker_id, i.runner, i.process_pid, i.epoch, i.sequence, i.restarts, i.frames_processed, i.frames_per_second,
    i.last_frame_at, i.published_at, now(), i.first_at, i.published_at
FROM jsonb_to_recordset(%s::jsonb) AS i (
    scenario_uuid uuid, name text, camera_url text, analysis jsonb, status text, reason text, message text,
    ready boolean, ready_reason text, worker_id uuid, runner text, process_pid integer, epoch bigint, sequence bigint,
    restarts integer, frames_processed bigint, frames_per_second float8, last_frame_at timestamptz,
    published_at timestamptz, first_at timestamptz)
ORDER BY i.scenario_uuid
ON CONFLICT (scenario_uuid) DO UPDATE SET
    name = coalesce(s.name, excluded.name),
    analysis = excluded.analysis,
    status = excluded.status,
    reason = excluded.reason,
    message = excluded.message,
    ready = excluded.ready,
    ready_reason = excluded.ready_reason,
    worker_id = coalesce(excluded.worker_id, s.worker_id),
    runner = coalesce(excluded.runner, s.runner),
    process_pid = excluded.process_pid,
    epoch = coalesce(excluded.epoch, s.epoch),
    sequence = excluded.sequence,
    restarts = greatest(excluded.restarts, s.restarts),
    frames_processed = greatest(excluded.frames_processed, s.frames_processed),
    frames_per_second = excluded.frames_per_second,
    last_frame_at = greatest(excluded.last_frame_at, s.last_frame_at),
    status_published_at = excluded.status_published_at,
    confirmed_at = excluded.confirmed_at,
    updated_at = CASE WHEN s.status = excluded.status THEN s.updated_at ELSE excluded.updated_at END
WHERE CASE
    WHEN s.status = 'inactive' THEN excluded.status = 'inactive'
        AND (coalesce(excluded.epoch, 0), excluded.sequence, excluded.status_published_at)
            >= (coalesce(s.epoch, 0), s.sequence, coalesce(s.status_published_at, '-infinity'))
    WHEN s.confirmed_at IS NULL THEN true
    WHEN excluded.status = 'inactive' AND (excluded.epoch IS NULL OR excluded.epoch >= coalesce(s.epoch, 0)) THEN true
    ELSE (coalesce(excluded.epoch, 0), excluded.sequence, excluded.status_published_at)
        >= (coalesce(s.epoch, 0), s.sequence, coalesce(s.status_published_at, '-infinity'))
    END
"""
_TRANSITIONS = """
INSERT INTO scenario_transitions (scenario_uuid, sequence, epoch, state, reason, message, at, worker_id, runner)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS i (
    scenario_uuid uuid, sequence bigint, epoch bigint, state text, reason text, message text, at timestamptz,
    worker_id uuid, runner text)
ORDER BY scenario_uuid, sequence, epoch
ON CONFLICT (scenario_uuid, sequence, epoch) DO NOTHING
"""
_WORKERS = """
INSERT INTO workers AS w (worker_id, scenario_uuid, camera_url, status, process_pid, runner, epoch, sequence)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS i (
    worker_id uuid, scenario_uuid uuid, camera_url text, status text, process_pid integer, runner text,
    epoch bigint, sequence bigint)
ORDER BY epoch, worker_id
ON CONFLICT (worker_id) DO UPDATE SET
    status = excluded.status,
    process_pid = coalesce(excluded.process_pid, w.process_pid),
    runner = coalesce(excluded.runner, w.runner),
    sequence = excluded.sequence,
    updated_at = CASE WHEN w.status = excluded.status THEN w.updated_at ELSE now() END
WHERE excluded.sequence >= w.sequence
    AND (w.status, w.process_pid, w.runner, w.sequence) IS DISTINCT FROM
        (excluded.status, coalesce(excluded.process_pid, w.process_pid), coalesce(excluded.runner, w.runner),
         excluded.sequence)
"""


class StatusStore:
    """Applies statuses in their own order, whatever order they come in."""

    def prepare(self, connection: Connection) -> None:
        """Nothing is needed."""

    def write(self, connection: Connection, batch: Sequence[ScenarioStatus]) -> int:
        """Returns how many scenarios were changed or confirmed. Raises psycopg2.Error."""
        folded = fold(batch).values()
        with connection.cursor() as cursor:
            alive = [_alive_record(entry.alive) for entry in folded if entry.alive is not None]
            if alive:
                cursor.execute(_SEEN_ALIVE, (json.dumps(alive),))
            cursor.execute(_UPSERT, (json.dumps([_scenario_record(entry) for entry in folded]),))
            changed = cursor.rowcount
            cursor.execute(_TRANSITIONS, (json.dumps([step for entry in folded for step in _step_records(entry)]),))
            workers = [record for entry in folded for record in _worker_records(entry.newest)]
            if workers:
                cursor.execute(_WORKERS, (json.dumps(workers),))
        return changed


def _alive_record(status: ScenarioStatus) -> dict[str, Any]:
    return {"scenario_uuid": str(status.scenario_uuid), "published_at": format_rfc3339(status.published_at)}


def _scenario_record(entry: FoldedStatus) -> dict[str, Any]:
    record = entry.newest.model_dump(mode="json", exclude={"transitions", "telemetry"})
    return (
        record
        | entry.newest.telemetry.model_dump(mode="json")
        | {
            "first_at": format_rfc3339(min(step.at for step in entry.transitions.values())),
        }
    )


def _step_records(entry: FoldedStatus) -> list[dict[str, Any]]:
    return [
        step.model_dump(mode="json") | {"scenario_uuid": str(entry.newest.scenario_uuid), "epoch": step.epoch or 0}
        for step in entry.transitions.values()
    ]


def _worker_records(status: ScenarioStatus) -> list[dict[str, Any]]:
    return [
        {
            "worker_id": str(row.worker_id),
            "scenario_uuid": str(row.scenario_uuid),
            "camera_url": row.camera_url,
            "status": row.status.value,
            "process_pid": row.process_pid,
            "runner": row.runner,
            "epoch": row.epoch,
            "sequence": row.sequence,
        }
        for row in workers_of(status)
    ]
