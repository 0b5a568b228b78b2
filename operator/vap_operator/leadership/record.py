"""The Lease object as values, and when it may be taken over: pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from vap_operator.kube.resources import LEASES
from vap_operator.resources.base import JsonObject


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What a Lease says."""

    holder: str
    """Empty when it was given back."""
    duration_s: float
    transitions: int
    resource_version: str

    @classmethod
    def from_object(cls, body: JsonObject) -> Self:
        """Reads a Lease as the API answered it; what is missing counts as given back."""
        spec = body.get("spec") or {}
        return cls(
            holder=str(spec.get("holderIdentity") or ""),
            duration_s=float(spec.get("leaseDurationSeconds") or 0),
            transitions=int(spec.get("leaseTransitions") or 0),
            resource_version=str(body["metadata"]["resourceVersion"]),
        )


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record and when it was first seen in that version, on this process's monotonic clock.

    Expiry counts from there, never from the times in the Lease: clocks of two nodes differ.
    """

    record: LeaseRecord
    first_seen: float

    def follow(self, record: LeaseRecord, now: float) -> "Sighting":
        """The sighting after the Lease was read again."""
        return self if record.resource_version == self.record.resource_version else Sighting(record, now)

    def free(self, now: float) -> bool:
        """Whether another process may take the Lease: it was given back, or not renewed for its duration."""
        return not self.record.holder or now - self.first_seen > self.record.duration_s


def build_lease(name: str, identity: str, duration_s: float, now: datetime) -> JsonObject:
    """A new Lease, held by `identity`."""
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": name},
        "spec": build_claim(identity, duration_s, now, transitions=0, acquired=True),
    }


def build_claim(identity: str, duration_s: float, now: datetime, *, transitions: int, acquired: bool) -> JsonObject:
    """The spec of a Lease that `identity` takes (`acquired`) or renews."""
    # MicroTime of the Kubernetes API has exactly six decimals.
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    claim: JsonObject = {
        "holderIdentity": identity,
        "leaseDurationSeconds": max(1, round(duration_s)),
        "renewTime": moment,
    }
    if acquired:
        claim |= {"acquireTime": moment, "leaseTransitions": transitions}
    return claim
