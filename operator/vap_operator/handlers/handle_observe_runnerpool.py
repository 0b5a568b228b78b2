"""A RunnerPool was made, changed, deleted or listed."""

import asyncio
from typing import Any

from vap_operator.reconcile.intake import Intake


def handle_observe_runnerpool(loop: asyncio.AbstractEventLoop, intake: Intake, event: Any) -> None:
    """Hands a raw watch event to the loop where `intake` lives."""
    loop.call_soon_threadsafe(intake.pool, event["type"], event["object"])
