"""Errors of the API as ``metav1.Status``, worded as the Kubernetes API server words them, because people know those.

Kubernetes API conventions, "Response Status Kind".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vap_local.kube.jsons import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong with an object: a machine-readable reason, a message, and the field as a path."""

    reason: str
    message: str
    field: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

    def to_json(self) -> JsonObject:
        """The entry in ``details.causes``."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


class ApiError(Exception):
    """A refused request: an HTTP status code with the Status object that explains it."""

    def __init__(
        self, code: int, reason: str, message: str, *, details: JsonObject | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.metadata: JsonObject = {}

    def status(self) -> JsonObject:
        """The Status object of the answer."""
        status: JsonObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


def success(details: JsonObject | None = None, code: int | None = None) -> JsonObject:
    """The Status object of a call that has no other answer."""
    status: JsonObject = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        status["details"] = details
    if code is not None:
        status["code"] = code
    return status


def qualified(plural: str, group: str) -> str:
    """``cameras.example.org``, or just ``pods`` for the core group."""
    return f"{plural}.{group}" if group else plural


def _details(name: str, group: str, kind: str) -> JsonObject:
    details: JsonObject = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    return details


def not_found(plural: str, group: str, name: str) -> ApiError:
    """404: there is no such object."""
    message = f'{qualified(plural, group)} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_details(name, group, plural))


def unknown_path() -> ApiError:
    """404: the server has no such resource (kubectl prints its own words for it)."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(plural: str, group: str, name: str) -> ApiError:
    """409: the name is taken."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_details(name, group, plural))


def conflict(plural: str, group: str, name: str, why: str | None = None) -> ApiError:
    """409: a precondition (resourceVersion, uid) does not hold."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_details(name, group, plural))


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422: the object breaks its schema or a rule; each cause names a field."""
    texts = [str(cause) for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = _details(name, group, kind)
    details["causes"] = [cause.to_json() for cause in causes]
    return ApiError(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {text}', details=details)


def invalid_patch(why: str) -> ApiError:
    """422: the patched object does not decode (unknown fields under strict validation)."""
    cause = Cause("FieldValueInvalid", f'Invalid value: "object": {why}', "patch")
    details = {"causes": [cause.to_json()]}
    return ApiError(422, "Invalid", f' "" is invalid: {cause}', details=details)


def unprocessable() -> ApiError:
    """422: a JSON patch whose test fails or whose path does not exist."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", details={})


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no token, or a wrong one."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(plural: str, group: str, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiError:
    """403: understood, but refused."""
    details = _details(name, group, plural)
    if causes:
        details["causes"] = [cause.to_json() for cause in causes]
    message = f'{qualified(plural, group)} "{name}" is forbidden: {why}'
    return ApiError(403, "Forbidden", message, details=details)


def method_not_allowed() -> ApiError:
    """405: the resource does not have this verb."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """415: a body in a format this endpoint does not read."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", message)


def expired(message: str) -> ApiError:
    """410: the history a watch or a continue token asks for is gone; the client lists again."""
    return ApiError(410, "Expired", message)


def too_large_revision(asked: int, current: int) -> ApiError:
    """504: the client has seen a resourceVersion this server has not reached."""
    details = {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, details=details, retry_after=1)


def internal(what: str) -> ApiError:
    """500: the server failed; what happened stands in its log."""
    return ApiError(500, "InternalError", f"Internal error occurred: {what}")


def required(field: str, why: str = "") -> Cause:
    """A value is missing."""
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", field)


def bad_value(field: str, value: Json, why: str) -> Cause:
    """A value is wrong; ``value`` is shown, so never pass one that may hold a credential."""
    return Cause("FieldValueInvalid", f"Invalid value: {_shown(value)}: {why}", field)


def bad_type(field: str, got: str, want: str) -> Cause:
    """A value has the wrong JSON type."""
    message = f'Invalid value: "{got}": {field} in body must be of type {want}: "{got}"'
    return Cause("FieldValueTypeInvalid", message, field)


def forbidden_value(field: str, why: str) -> Cause:
    """A value may not be set, or may not change."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def duplicate(field: str, value: Json) -> Cause:
    """An item stands twice in a list whose items are unique."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {_shown(value)}", field)


def unsupported(field: str, value: Json, supported: Sequence[Json]) -> Cause:
    """A value is none of an enumeration."""
    choices = ", ".join(_shown(choice) for choice in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {choices}", field)


def too_long(field: str, limit: int) -> Cause:
    """A string is too long. The value is not shown."""
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", field)


def too_many(field: str, count: int, limit: int) -> Cause:
    """A list has too many items."""
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {limit} items", field)


def _shown(value: Json) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (int, float)):
        return str(value)
    return '"object"' if isinstance(value, dict) else '"array"'
