"""The conditions Ready, Reconciling and Stalled (kstatus conventions), computed from a state and its worker."""

from dataclasses import dataclass
from datetime import datetime

from vap_common.camera.redaction import redact
from vap_common.lifecycle import ScenarioState, StateReason
from vap_common.messages import WorkerReport
from vap_operator.resources.base import Metadata, with_condition
from vap_operator.resources.videoscenario import ScenarioStatusBlock

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"

STARTING = "Starting"
MAX_MESSAGE = 1024


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether frames flow, and why."""

    ready: bool
    reason: str
    message: str


def readiness(status: ScenarioStatusBlock, worker: WorkerReport | None, *, moved: bool) -> Readiness:
    """Whether frames are being analysed. As before while nothing has been heard of the worker since (`moved`: no)."""
    state = status.state
    if state is ScenarioState.INIT_STARTUP or state.is_ending:
        return Readiness(ready=False, reason=status.reason, message=status.message or "")
    before = status.condition(READY)
    if worker is None and not moved and before is not None:
        return Readiness(ready=before.status == "True", reason=before.reason, message=before.message)
    if worker is not None and worker.error is not None:
        message = redact(worker.error.message)[:MAX_MESSAGE]
        return Readiness(ready=False, reason=worker.error.type.value, message=message)
    if state is ScenarioState.ACTIVE:
        note = redact(worker.message)[:MAX_MESSAGE] if worker is not None and worker.message else ""
        return Readiness(ready=True, reason=StateReason.FRAMES_FLOWING.value, message=note or "frames are analysed")
    return Readiness(ready=False, reason=STARTING, message="the worker opens the source")


def _shown_reason(status: ScenarioStatusBlock, fact: Readiness) -> tuple[str, str | None]:
    """The status' own reason and message: a stream's trouble while there is some, else the last move's reason."""
    if status.state not in (ScenarioState.IN_STARTUP_PROCESSING, ScenarioState.ACTIVE):
        return status.reason, status.message
    if fact.ready or fact.reason == STARTING:
        last = status.transitions[-1] if status.transitions else None
        return (last.reason, last.message) if last is not None else (status.reason, status.message)
    return fact.reason, fact.message or None


def with_conditions(
    status: ScenarioStatusBlock, metadata: Metadata, worker: WorkerReport | None, now: datetime, *, moved: bool
) -> ScenarioStatusBlock:
    """`status` with its conditions, its generation and, while it lives, a reason that tells of a bad stream."""
    fact = readiness(status, worker, moved=moved)
    failed = status.state.is_ending and status.reason == StateReason.FAILED
    settled = status.state is ScenarioState.ACTIVE or status.state.is_final
    generation = metadata.generation
    conditions = with_condition(
        status.conditions,
        type_=READY,
        status=fact.ready,
        reason=fact.reason,
        message=fact.message,
        now=now,
        generation=generation,
    )
    conditions = with_condition(
        conditions,
        type_=RECONCILING,
        status=not settled,
        reason="Settled" if settled else status.state.value,
        message="" if settled else f"moving on from {status.state.value}",
        now=now,
        generation=generation,
    )
    conditions = with_condition(
        conditions,
        type_=STALLED,
        status=failed,
        reason=StateReason.FAILED.value if failed else "NotStalled",
        message=(status.message or "") if failed else "",
        now=now,
        generation=generation,
    )
    reason, text = _shown_reason(status, fact)
    if (conditions is status.conditions, status.observed_generation, status.reason, status.message) == (
        True,
        generation,
        reason,
        text,
    ):
        return status
    return status.model_copy(
        update={"conditions": conditions, "observed_generation": generation, "reason": reason, "message": text}
    )
