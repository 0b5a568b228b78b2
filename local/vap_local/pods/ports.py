"""Ports of a container: all pods share one address here, so each gets ports of its own."""

from dataclasses import dataclass

from vap_local.embedded.ports import free_port
from vap_local.kubeclient.client import JsonObject


@dataclass(frozen=True, slots=True)
class PortMap:
    """Free local ports for the ports that a container declares.

    A program learns its port from the environment: the variable `NAME_PORT` of a declared port `name` is
    set to the local one. A port without a name is left as it is.
    """

    by_name: dict[str, int]
    by_number: dict[int, int]

    @classmethod
    def allocate(cls, container: JsonObject) -> "PortMap":
        """Picks a port for each declared one that has a name."""
        by_name: dict[str, int] = {}
        by_number: dict[int, int] = {}
        for port in container.get("ports") or []:
            if "name" in port:
                by_name[port["name"]] = by_number[int(port["containerPort"])] = free_port()
        return cls(by_name, by_number)

    def environment(self) -> dict[str, str]:
        """The variables that tell the program its ports."""
        return {f"{name.upper().replace('-', '_')}_PORT": str(port) for name, port in self.by_name.items()}

    def local(self, port: str | int) -> int:
        """The local port for a port's name or number in a probe. Raises KeyError for an unknown name."""
        return self.by_number.get(port, port) if isinstance(port, int) else self.by_name[port]
