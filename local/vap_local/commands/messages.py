"""What `vap up` prints: progress, trouble, and where to go next."""

from vap_local.stack.addresses import Addresses
from vap_local.state.record import PlatformRecord
from vap_local.supervision.events import TreeEvent, TreeEventKind

_WORDS = {
    TreeEventKind.READY: "ready",
    TreeEventKind.DIED: "died",
    TreeEventKind.RECOVERED: "is back",
    TreeEventKind.STOPPED: "stopped",
}


def progress(event: TreeEvent) -> str:
    """One line for one event."""
    detail = f"  ({event.detail}; starting it again)" if event.kind is TreeEventKind.DIED else ""
    return f"  {event.name:<12} {_WORDS[event.kind]:<8} {event.seconds:6.2f} s{detail}"


def replaced_ports(addresses: Addresses) -> list[str]:
    """A line for each port that was taken."""
    return [
        f"  port {port} is taken; {name} uses {addresses[name]} instead"
        for name, port in sorted(addresses.replaced().items())
    ]


def welcome(record: PlatformRecord, seconds: float) -> str:
    """The addresses, and commands to try."""
    body = f'{{"camera_url": "{record.clip}"}}'
    return f"""
The platform is ready after {seconds:.1f} s.

  REST API     {record.api}/api/v1
  Swagger      {record.docs}
  Kubeconfig   {record.kubeconfig}
  Demo camera  {record.camera}
  Logs         {record.state_dir / "logs"}

Try:
  curl -X POST {record.api}/api/v1/scenario/init -H 'content-type: application/json' \\
       -d '{body}'
  curl {record.api}/api/v1/scenarios
  export KUBECONFIG={record.kubeconfig}
  kubectl get videoscenarios -w
"""
