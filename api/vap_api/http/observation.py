"""Around every request: its trace, its time, its log line, and the answer when something breaks."""

import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vap_api.http.problems import InternalProblem
from vap_api.metrics import HttpMetrics
from vap_common.kafka.headers import new_traceparent

log = structlog.get_logger(__name__)

# https://www.w3.org/TR/trace-context/#traceparent-header: version 00, ids not all zero.
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
QUIET_ROUTES = frozenset({"/livez", "/readyz", "/metrics"})
SERVER_ERROR = 500


class Observation:
    """ASGI middleware, outermost of ours. Puts `traceparent` into the request's state.

    Logs the route's template and the scenario, never the path or the query: either may hold a secret by mistake.
    """

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and records how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        traceparent = traceparent_of(scope)
        scope.setdefault("state", {})["traceparent"] = traceparent
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            log.exception("http.failed", trace_id=trace_id(traceparent), **_names(scope))
            if status:
                raise  # the answer has begun: only breaking the connection tells the client
            problem = InternalProblem(f"The log of the service says more: trace_id {trace_id(traceparent)}.")
            await problem.response()(scope, receive, observed)
        finally:
            self._record(scope, status, time.perf_counter() - started, traceparent)

    def _record(self, scope: Scope, status: int, seconds: float, traceparent: str) -> None:
        route = _route(scope)
        self._metrics.requests.labels(scope["method"] if route else "other", route or "none", str(status)).observe(
            seconds
        )
        if route in QUIET_ROUTES and status < SERVER_ERROR:
            return
        write = log.info if scope["method"] == "POST" or status >= SERVER_ERROR else log.debug
        write(
            "http.request",
            method=scope["method"],
            status=status,
            duration_ms=round(seconds * 1000, 2),
            trace_id=trace_id(traceparent),
            **_names(scope),
        )


def traceparent_of(scope: Scope) -> str:
    """The caller's trace context where it sent a valid one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"traceparent" and _TRACEPARENT.fullmatch(value):
            return str(value.decode())
    return new_traceparent()


def trace_id(traceparent: str) -> str:
    """The part that all spans of a trace share."""
    return traceparent.split("-")[1]


def _route(scope: Scope) -> str | None:
    path: str | None = getattr(scope.get("route"), "path", None)
    return path


def _names(scope: Scope) -> dict[str, str]:
    names = {"route": _route(scope) or "none"}
    scenario = scope.get("path_params", {}).get("scenario_uuid")
    if scenario is not None:
        names["scenario_uuid"] = str(scenario)[:36]
    return names
