"""The ports of one start: the usual ones, those of the last start, or others where these are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from vap_local.embedded.ports import LOOPBACK, free_port

USUAL_PORTS = {
    "api": 8000,
    "relay-health": 8081,
    "inbox-health": 8082,
    "operator-health": 8083,
    "pods-health": 8084,
    "kafka": 9092,
    "camera": 8554,
    "kube": 6443,
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """A port for each service on the loopback address."""

    ports: Mapping[str, int]
    wished: Mapping[str, int]
    """What was tried first."""

    @classmethod
    def choose(cls, last: Mapping[str, int], api_port: int) -> Self:
        """Free ports: the one asked for, else the one of the last start, else the usual one, else any."""
        wished = USUAL_PORTS | {name: port for name, port in last.items() if name in USUAL_PORTS and name != "api"}
        wished["api"] = api_port
        return cls({name: free_port(port) for name, port in wished.items()}, wished)

    def __getitem__(self, name: str) -> int:
        return self.ports[name]

    def replaced(self) -> dict[str, int]:
        """Services whose wished port was taken, with that port."""
        return {name: port for name, port in self.wished.items() if self.ports[name] != port}

    def http(self, name: str) -> str:
        """The base URL of a service that speaks HTTP."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def kafka(self) -> str:
        """Bootstrap servers of the embedded broker."""
        return f"{LOOPBACK}:{self.ports['kafka']}"
