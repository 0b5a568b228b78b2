"""Startup, readiness and liveness probes by HTTP, with kubelet's counting."""

from dataclasses import dataclass

import aiohttp

from vap_local.kubeclient.client import JsonObject
from vap_local.pods.ports import PortMap

FIRST_TRIES_INTERVAL_S = 0.1
"""Until a container was ready once it is asked more often than its pod says: on one machine starts take less long."""


@dataclass
class Probe:
    """A probe and how often in a row it succeeded or failed. Times in seconds."""

    url: str
    initial_delay_s: float
    period_s: float
    timeout_s: float
    success_threshold: int
    failure_threshold: int
    successes: int = 0
    failures: int = 0

    @classmethod
    def of(cls, container: JsonObject, kind: str, ports: PortMap) -> "Probe | None":
        """The container's `startupProbe`, `readinessProbe` or `livenessProbe`; None without one by HTTP."""
        spec = container.get(kind)
        if not spec or "httpGet" not in spec:
            return None
        request = spec["httpGet"]
        host = request.get("host") or "127.0.0.1"
        scheme = str(request.get("scheme") or "HTTP").lower()
        return cls(
            url=f"{scheme}://{host}:{ports.local(request['port'])}{request.get('path') or '/'}",
            initial_delay_s=float(spec.get("initialDelaySeconds") or 0),
            period_s=float(spec.get("periodSeconds") or 10),
            timeout_s=float(spec.get("timeoutSeconds") or 1),
            success_threshold=int(spec.get("successThreshold") or 1),
            failure_threshold=int(spec.get("failureThreshold") or 3),
        )

    async def ask(self, session: aiohttp.ClientSession) -> bool:
        """Asks once and counts. Whether the answer was a success (status 200 to 399)."""
        limits = aiohttp.ClientTimeout(total=self.timeout_s)
        try:
            async with session.get(self.url, timeout=limits, allow_redirects=False, ssl=False) as answer:
                good = 200 <= answer.status < 400
        except (aiohttp.ClientError, TimeoutError):
            good = False
        self.successes, self.failures = (self.successes + 1, 0) if good else (0, self.failures + 1)
        return good

    @property
    def passed(self) -> bool:
        """Enough successes in a row."""
        return self.successes >= self.success_threshold

    @property
    def failed(self) -> bool:
        """Enough failures in a row."""
        return self.failures >= self.failure_threshold
