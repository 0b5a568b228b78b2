"""The seam for rules that are not about one kind's schema, such as who may set a label.

A hook sees every write of an object before it is validated and refuses it by raising; it changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from vap_local.kube.errors import forbidden
from vap_local.kube.jsons import JsonObject
from vap_local.kube.kinds import Resource


@dataclass(frozen=True, slots=True)
class Review:
    """A write: the object as it would be stored, and as it was. For DELETE ``new`` is None, for CREATE ``old``."""

    operation: Literal["CREATE", "UPDATE", "DELETE"]
    resource: Resource
    subresource: str
    new: JsonObject | None
    old: JsonObject | None
    user_agent: str


class RefusedError(Exception):
    """Raised by a hook; the text is shown to the client and must not hold a credential."""


AdmissionHook = Callable[[Review], None]


def admit(hooks: Sequence[AdmissionHook], review: Review) -> None:
    """Ask every hook.

    Raises:
        ApiError: 403 with the words of the hook that refused.
    """
    for hook in hooks:
        try:
            hook(review)
        except RefusedError as refusal:
            body = review.new or review.old or {}
            name = str(body.get("metadata", {}).get("name", ""))
            raise forbidden(review.resource.plural, review.resource.group, name, str(refusal)) from None
