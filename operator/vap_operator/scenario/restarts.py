"""How fast a worker that keeps dying is started again."""

from datetime import datetime, timedelta

from vap_common.lifecycle import ScenarioState, StateReason
from vap_operator.resources.videoscenario import TransitionEntry

WINDOW = timedelta(minutes=5)
CAP_S = 60.0
_COUNTED = {StateReason.WORKER_LOST.value, StateReason.WORKER_REJECTED.value}


def restart_not_before(transitions: tuple[TransitionEntry, ...], now: datetime) -> datetime | None:
    """When the next epoch may begin after a loss; None for at once.

    The first restart is immediate; after n of them within five minutes the next one comes at least
    min(60, 2^(n-1)) seconds after the last one. A worker that ran for longer than that is restarted at once.
    """
    starts = [
        entry
        for entry in transitions
        if entry.state is ScenarioState.IN_STARTUP_PROCESSING and entry.reason in _COUNTED and entry.at > now - WINDOW
    ]
    if not starts:
        return None
    due = starts[-1].at + timedelta(seconds=min(CAP_S, 2.0 ** (len(starts) - 1)))
    return due if due > now else None
