"""`vap-api migrate`: schema, partitions and topics, as this release needs them."""

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg2
import structlog
from confluent_kafka import KafkaException
from sqlalchemy.exc import OperationalError

from vap_api.db.schema import upgrade
from vap_api.inbox.housekeeping import keep_partitions_now
from vap_api.settings import Settings
from vap_common.backoff import Backoff
from vap_common.kafka.admin import ensure_topics

log = structlog.get_logger(__name__)

T = TypeVar("T")

BROKER_TIMEOUT_S = 10.0


class StillAwayError(RuntimeError):
    """The database or the broker did not answer within the time to wait."""


def run_migrate(settings: Settings, wait_s: float) -> None:
    """Does all of it; any part that is done already is left as it is. Raises StillAwayError."""
    deadline = time.monotonic() + wait_s
    revision = _when_it_answers("database", lambda: upgrade(settings), deadline)
    log.info("migrate.schema", revision=revision)
    _when_it_answers("database", lambda: keep_partitions_now(settings), deadline)
    created = _when_it_answers(
        "broker", lambda: ensure_topics(settings, "vap-api-migrate", timeout_s=_left(deadline)), deadline
    )
    log.info("migrate.topics", created=created)


def _left(deadline: float) -> float:
    return min(BROKER_TIMEOUT_S, max(2.0, deadline - time.monotonic()))


def _when_it_answers(who: str, step: Callable[[], T], deadline: float) -> T:
    backoff = Backoff(first=0.1, cap=3.0)
    while True:
        try:
            return step()
        except (OperationalError, psycopg2.OperationalError, KafkaException) as error:
            delay = backoff.next_delay()
            if time.monotonic() + delay > deadline:
                raise StillAwayError(
                    f"the {who} did not answer in time ({type(error).__name__}); check its address, or wait longer "
                    "with --wait SECONDS"
                ) from error
            log.info("migrate.waiting", for_=who, retry_s=round(delay, 2))
            time.sleep(delay)
