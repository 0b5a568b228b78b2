"""Content negotiation: which of the forms of an answer a client asks for."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from vap_local.kube.errors import ApiError

Form = Literal["plain", "Table", "PartialObjectMetadata", "APIGroupDiscoveryList"]
_JSON = ("application/json", "application/*", "*/*")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The chosen form; ``version`` is that of the form (v1, v2, v2beta1)."""

    form: Form
    version: str = ""


PLAIN = Accepted("plain")


@lru_cache(maxsize=256)
def negotiate(header: str, *, discovery: bool = False) -> Accepted:
    """The first form in an Accept header that the server has.

    Raises:
        ApiError: 406, there is none (protobuf alone, for one).
    """
    if not header.strip():
        return PLAIN
    for entry in header.split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        if media_type not in _JSON:
            continue
        options = dict(parameter.partition("=")[::2] for parameter in parameters if "=" in parameter)
        form = options.get("as", "")
        version = options.get("v", "")
        if not form:
            return PLAIN
        if form == "Table" and version in ("v1", "v1beta1") and not discovery:
            return Accepted("Table", version)
        if form in ("PartialObjectMetadata", "PartialObjectMetadataList") and version == "v1" and not discovery:
            return Accepted("PartialObjectMetadata", version)
        if form == "APIGroupDiscoveryList" and version in ("v2", "v2beta1") and discovery:
            return Accepted("APIGroupDiscoveryList", version)
    words = "only the following media types are accepted: application/json"
    raise ApiError(406, "NotAcceptable", words)
