"""What the worker call answers."""

from uuid import UUID

from pydantic import BaseModel, Field

from vap_common.lifecycle import WorkerState
from vap_common.times import Timestamp


class WorkerView(BaseModel):
    """One assignment of a scenario to a process."""

    worker_id: UUID
    scenario_uuid: UUID
    camera_url: str = Field(description="Without credentials.")
    status: WorkerState
    process_pid: int | None = None
    runner: str | None = None
    epoch: int
    created_at: Timestamp
    updated_at: Timestamp


class WorkerPage(BaseModel):
    """Workers, newest first."""

    workers: list[WorkerView]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")
