"""The namespace that is always there."""

from vap_local.kube.calls import Call
from vap_local.kube.decoding import Payload
from vap_local.kube.errors import ApiError
from vap_local.kube.jsons import encode
from vap_local.kube.kinds import Registry
from vap_local.kube.writing import NAMESPACES, Writer

DEFAULT = "default"


def ensure_default_namespace(writer: Writer, registry: Registry) -> None:
    """Make the namespace ``default`` if it is missing."""
    resource = registry.find("", "v1", NAMESPACES)
    assert resource is not None
    body = encode({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": DEFAULT}})
    try:
        writer.create(Call(resource, "", "", "", {}), Payload(body, "application/json"))
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
