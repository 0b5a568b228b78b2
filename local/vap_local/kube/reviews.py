"""Who am I, and may I? The one user of this server may do everything."""

from collections.abc import Callable, Mapping

from vap_local.kube.jsons import JsonObject

USER = "vap-admin"
_GROUPS = ["system:masters", "system:authenticated"]


def _access(body: JsonObject) -> JsonObject:  # noqa: ARG001
    return {"allowed": True, "reason": "the holder of the token may do everything"}


def _rules(body: JsonObject) -> JsonObject:  # noqa: ARG001
    return {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }


def _myself(body: JsonObject) -> JsonObject:  # noqa: ARG001
    return {"userInfo": {"username": USER, "groups": list(_GROUPS)}}


ANSWERS: Mapping[str, Callable[[JsonObject], JsonObject]] = {
    "selfsubjectaccessreviews": _access,
    "selfsubjectrulesreviews": _rules,
    "selfsubjectreviews": _myself,
}


def review(plural: str, body: JsonObject) -> JsonObject:
    """The review with its answer in ``status``."""
    return {**body, "metadata": body.get("metadata") or {}, "status": ANSWERS[plural](body)}
