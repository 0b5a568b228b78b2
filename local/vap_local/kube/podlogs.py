"""Logs of pods, for ``kubectl logs``: read from files that whoever runs the pods writes."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from vap_local.kube.calls import Call
from vap_local.kube.errors import ApiError, bad_request
from vap_local.kube.jsons import JsonObject, dig, objects

_CHUNK = 64 * 1024
_POLL_SECONDS = 0.1
_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What ``kubectl logs`` asks for. ``running`` tells whether more may come."""

    namespace: str
    pod: str
    uid: str
    container: str
    alone: bool
    """Whether it is the pod's only container."""
    follow: bool
    tail_lines: int | None
    limit_bytes: int | None
    running: Callable[[], bool]


class LogSource(Protocol):
    """Where logs come from."""

    def read(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        """Chunks of the log. Raises FileNotFoundError before the first one if there is no log yet."""
        ...


class LogFiles:
    """Logs in ``<directory>/<pod>.log``, or ``<pod>.<container>.log`` where a pod has several containers."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def read(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        """See :class:`LogSource`."""
        name = request.pod if request.alone else f"{request.pod}.{request.container}"
        left = request.limit_bytes
        with (self._directory / f"{name}.log").open("rb") as file:
            _seek_to_last_lines(file, request.tail_lines)
            while left is None or left > 0:
                running = request.running()  # asked before reading, so that the last words are read too
                chunk = file.read(_CHUNK if left is None else min(_CHUNK, left))
                if chunk:
                    left = None if left is None else left - len(chunk)
                    yield chunk
                elif request.follow and running:
                    await asyncio.sleep(_POLL_SECONDS)
                else:
                    return


def log_request(call: Call, pod: JsonObject, running: Callable[[], bool]) -> LogRequest:
    """The request for a pod's log.

    Raises:
        ApiError: 400, the container is not named and there are several, or there is none of that name.
    """
    regular = [str(item["name"]) for item in objects(dig(pod, "spec", "containers"))]
    names = regular + [str(item["name"]) for item in objects(dig(pod, "spec", "initContainers"))]
    container = call.query.get("container", "")
    if not container:
        if len(regular) != 1:
            words = f"a container name must be specified for pod {call.name}, choose one of: [{' '.join(regular)}]"
            raise bad_request(words)
        container = regular[0]
    if container not in names:
        raise bad_request(f"container {container} is not valid for pod {call.name}")
    return LogRequest(
        namespace=call.namespace,
        pod=call.name,
        uid=pod["metadata"]["uid"],
        container=container,
        alone=len(regular) == 1,
        follow=call.flag("follow"),
        tail_lines=call.number("tailLines"),
        limit_bytes=call.number("limitBytes"),
        running=running,
    )


def no_log_yet(request: LogRequest) -> ApiError:
    """400: the container has written nothing yet, or nobody runs it."""
    words = f'container "{request.container}" in pod "{request.pod}" is waiting to start: ContainerCreating'
    return bad_request(words)


def is_running(pod: JsonObject | None, uid: str) -> bool:
    """Whether a pod may still write to its log."""
    return pod is not None and pod["metadata"]["uid"] == uid and dig(pod, "status", "phase") not in _FINISHED


def _seek_to_last_lines(file: BinaryIO, lines: int | None) -> None:
    """Move to where the last lines begin, without reading more than needed to find them."""
    if lines is None or lines < 0:
        return
    end = file.seek(0, 2)
    blocks: deque[bytes] = deque()
    newlines = 0
    position = end
    while position > 0 and newlines <= lines:
        size = min(_CHUNK, position)
        position = file.seek(position - size)
        blocks.appendleft(file.read(size))
        newlines += blocks[0].count(b"\n")
    text = b"".join(blocks)
    complete = text[:-1] if text.endswith(b"\n") else text
    kept = b"\n".join(complete.split(b"\n")[-lines:]) if lines else b""
    tail = len(kept) + (1 if lines and text.endswith(b"\n") else 0)
    file.seek(end - tail)
