"""Events go an hour after they were last written, as the Kubernetes API server's ``--event-ttl`` has it.

Without that the state file of a platform that runs for weeks would hold little else.
"""

import asyncio
from datetime import datetime, timedelta

from vap_local.kube.jsons import clone, dig
from vap_local.kube.store import Store, Stored
from vap_local.kube.times import now, parse

EVENTS = "events"
_EVERY_SECONDS = 60.0


def expire_events(store: Store, at: datetime, ttl: timedelta) -> int:
    """Delete the events that are older than ``ttl``; returns how many."""
    old = [stored for stored in store.items(EVENTS) if at - _last_seen(stored, at) > ttl]
    for stored in old:
        store.delete(stored.key, clone(stored.body))
    return len(old)


async def keep_expiring(store: Store, ttl: timedelta) -> None:
    """Look once a minute, until cancelled."""
    while True:
        expire_events(store, now(), ttl)
        await asyncio.sleep(_EVERY_SECONDS)


def _last_seen(stored: Stored, otherwise: datetime) -> datetime:
    """The latest of the times an event carries."""
    body = stored.body
    times = (
        dig(body, "series", "lastObservedTime"),
        body.get("lastTimestamp"),
        body.get("eventTime"),
        dig(body, "metadata", "creationTimestamp"),
    )
    return max((moment for text in times if (moment := parse(text))), default=otherwise)
