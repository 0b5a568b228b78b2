"""A RunnerPool was made, changed, deleted or listed."""

from typing import Any

from vap_operator.reconcile.intake import Intake


async def handle_observe_runnerpool(intake: Intake, event: Any) -> None:
    """Takes in a raw watch event."""
    intake.pool(event["type"], event["object"])
