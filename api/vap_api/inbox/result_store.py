"""Stores results: COPY into a temporary table, then INSERT what is new."""

import io
from collections.abc import Sequence

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case
from pydantic import TypeAdapter

from vap_common.messages import Detection, FrameResult

_STAGING = """
CREATE TEMPORARY TABLE incoming_results (
    scenario_uuid uuid, epoch bigint, frame_number bigint, timestamp timestamptz, worker_id uuid,
    width integer, height integer, detector text, inference_ms real, detections jsonb, published_at timestamptz
) ON COMMIT DELETE ROWS
"""
_COPY = "COPY incoming_results FROM STDIN"
_INSERT = """
INSERT INTO scenario_results (scenario_uuid, epoch, frame_number, timestamp, worker_id, width, height, detector,
    inference_ms, detections, published_at)
SELECT * FROM incoming_results
ON CONFLICT (scenario_uuid, epoch, frame_number, timestamp) DO NOTHING
"""
_DETECTIONS = TypeAdapter(tuple[Detection, ...])
# The text format of COPY: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class ResultStore:
    """A result is stored once, whoever sends it how often: its identity is the table's primary key."""

    def prepare(self, connection: Connection) -> None:
        """Makes the temporary table."""
        with connection.cursor() as cursor:
            cursor.execute(_STAGING)

    def write(self, connection: Connection, batch: Sequence[FrameResult]) -> int:
        """Three statements, however many results. Returns how many were new."""
        lines = io.StringIO("".join([copy_line(result) for result in batch]))
        with connection.cursor() as cursor:
            cursor.copy_expert(_COPY, lines)
            cursor.execute(_INSERT)
            return cursor.rowcount


def copy_line(result: FrameResult) -> str:
    """A result as a line of COPY's text format."""
    # JSON has no raw control characters, so only its backslashes need care.
    detections = _DETECTIONS.dump_json(result.detections, by_alias=True).decode().replace("\\", "\\\\")
    detector = result.detector.translate(_ESCAPES)
    return (
        f"{result.scenario_uuid.hex}\t{result.epoch}\t{result.frame_number}\t{result.timestamp.isoformat()}\t"
        f"{result.worker_id.hex}\t{result.width}\t{result.height}\t{detector}\t{result.inference_ms}\t{detections}\t"
        f"{result.published_at.isoformat()}\n"
    )
