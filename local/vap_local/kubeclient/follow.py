"""List, then watch, then list again when needed: a stream of what is true, without gaps that go unnoticed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import structlog

from vap_common.backoff import Backoff
from vap_local.kubeclient.client import JsonObject, KubeClient
from vap_local.kubeclient.errors import KubeApiError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """Everything there is at this moment: what is not in it is gone, even if no deletion was seen."""

    items: list[JsonObject]


@dataclass(frozen=True, slots=True)
class Changed:
    """An object is new or different."""

    item: JsonObject


@dataclass(frozen=True, slots=True)
class Removed:
    """An object is gone; `item` is its last content."""

    item: JsonObject


Observation = Listed | Changed | Removed


async def follow(client: KubeClient, path: str, **query: str) -> AsyncIterator[Observation]:
    """Observations for ever. A server that is away is asked again with growing delays."""
    backoff = Backoff(0.1, 5.0)
    while True:
        try:
            listed = await client.get(path, **query)
            yield Listed(listed.get("items") or [])
            backoff.reset()
            version = listed["metadata"]["resourceVersion"]
            while True:
                async for event in client.watch(path, version, query):
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] in ("ADDED", "MODIFIED"):
                        yield Changed(event["object"])
                    elif event["type"] == "DELETED":
                        yield Removed(event["object"])
        except KubeApiError as problem:
            log.info("kube.watch_ended", path=path, status=problem.status, reason=problem.reason)
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            log.warning("kube.watch_lost", path=path, error=type(problem).__name__)
        await asyncio.sleep(backoff.next_delay())
