"""What the commands work with."""

from dataclasses import dataclass

from vap_operator.kube.api import KubeApi
from vap_operator.messaging.publisher import Publisher
from vap_operator.reconcile.intake import Intake
from vap_operator.reconcile.lookup import Lookup
from vap_operator.reconcile.reconciler import Reconciler
from vap_operator.reconcile.store import Store


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Passed to every command."""

    api: KubeApi
    store: Store
    intake: Intake
    lookup: Lookup
    reconciler: Reconciler
    publisher: Publisher
