"""A runner pod was made, changed, deleted or listed."""

from typing import Any

from vap_operator.reconcile.intake import Intake


async def handle_observe_pod(intake: Intake, event: Any) -> None:
    """Takes in a raw watch event."""
    intake.pod(event["type"], event["object"])
