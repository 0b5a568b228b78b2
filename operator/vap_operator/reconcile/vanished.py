"""A custom resource that vanished although its scenario had not ended: somebody took our finalizer off."""

from dataclasses import dataclass

import structlog

from vap_common.lifecycle import StateReason
from vap_common.times import utc_now
from vap_operator.messaging.publisher import Publisher
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.ended import ended_after
from vap_operator.scenario.identity import scenario_uuid
from vap_operator.scenario.records import Order, OrderKind, build_order, build_status
from vap_operator.scenario.source import MissingSecret

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LastWords:
    """Tells its runner and REST. If this is lost, heartbeats (a stray worker) and REST's `sync` lead here again."""

    publisher: Publisher

    def say(self, last: VideoScenario) -> None:
        """Publishes the stop and the end of a scenario whose last known status is not final."""
        status = last.status
        if status.state.is_final:
            return
        uuid = str(scenario_uuid(last.metadata))
        unknown = MissingSecret("")
        log.warning("scenario.vanished", scenario_uuid=uuid, resource=last.key, state=status.state.value)
        now = utc_now()
        if status.placement is not None:
            order = Order(OrderKind.STOP, status.placement.epoch)
            self.publisher.order(uuid, build_order(last, order, unknown, now), _ignore)
        final = ended_after(
            build_status(last, unknown, None, now),
            StateReason.DELETED,
            "the custom resource was removed without its finalizer's leave",
            now,
        )
        self.publisher.status(final, _ignore)


def _ignore(_delivered: bool) -> None:
    """The end of a scenario is also told on request."""
