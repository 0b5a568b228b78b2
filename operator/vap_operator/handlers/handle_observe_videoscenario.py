"""A VideoScenario was made, changed, deleted or listed."""

from typing import Any

from vap_operator.reconcile.intake import Intake


async def handle_observe_videoscenario(intake: Intake, event: Any) -> None:
    """Takes in a raw watch event."""
    intake.scenario(event["type"], event["object"])
