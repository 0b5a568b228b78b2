"""Problem documents (RFC 9457): one class per kind of refusal, with a stable `type`."""

from http import HTTPStatus
from typing import Any, ClassVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:vap:problem:"


class FieldProblem(BaseModel):
    """One field that is wrong. The refused value is never repeated: it may hold a credential."""

    location: str = Field(description="Where it came from: body, query, path or header.")
    field: str = Field(description="Its name, dotted where it is nested; empty for the whole body.")
    detail: str = Field(description="What is wrong with it.")
    code: str = Field(description="The same as a stable word.")


class ProblemDocument(BaseModel):
    """Why a request was refused, and what to do."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    type: str = Field(description="A stable URN for this kind of problem; programs decide by it.")
    title: str = Field(description="The kind of problem in a few words; the same for all of its type.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time, and what to do about it.")
    errors: list[FieldProblem] = Field(default_factory=list, description="The fields that are wrong, if any are.")


class Problem(Exception):  # noqa: N818 - named for the document it becomes
    """A refusal. Subclasses give the kind, the instance gives the detail; neither holds a credential."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something broke inside the service"
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str, errors: list[FieldProblem] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []

    def document(self) -> ProblemDocument:
        """The body of the answer."""
        return ProblemDocument(
            type=TYPE_PREFIX + self.kind,
            title=self.title,
            status=self.status.value,
            detail=self.detail,
            errors=self.errors,
        )

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(
            self.document().model_dump(mode="json"),
            status_code=self.status.value,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


class InternalProblem(Problem):
    """A bug of ours. The log line with the same trace id says more."""


class InvalidRequestProblem(Problem):
    """Fields are missing, wrong or unknown."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-request"
    title = "The request has fields that are missing, wrong or unknown"


class MalformedJsonProblem(Problem):
    """The body is no JSON."""

    status = HTTPStatus.BAD_REQUEST
    kind = "malformed-json"
    title = "The body is not valid JSON"


class UnsupportedMediaTypeProblem(Problem):
    """The body is not declared as JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    kind = "unsupported-media-type"
    title = "The body must be JSON"


class BodyTooLargeProblem(Problem):
    """The body is larger than API_MAX_BODY_BYTES."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    kind = "body-too-large"
    title = "The body is too large"


class InvalidCursorProblem(Problem):
    """A cursor that was not made by this call."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-cursor"
    title = "The cursor cannot be used here"


class ScenarioNotFoundProblem(Problem):
    """No scenario has this uuid."""

    status = HTTPStatus.NOT_FOUND
    kind = "scenario-not-found"
    title = "There is no such scenario"


class NotFoundProblem(Problem):
    """No call has this path."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-found"
    title = "There is nothing at this path"


class MethodNotAllowedProblem(Problem):
    """The path exists, the method doesn't."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    kind = "method-not-allowed"
    title = "The path does not take this method"


class UnavailableProblem(Problem):
    """The database is away; try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "database-unavailable"
    title = "The database is not available"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class NoSecretKeyProblem(Problem):
    """The URL has credentials and the service has no key to encrypt them."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-no-secret-key"
    title = "This service cannot keep credentials"


class CameraUrlEmptyProblem(Problem):
    """No URL."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-empty"
    title = "The camera URL is empty"


class CameraUrlTooLongProblem(Problem):
    """A URL beyond the limit."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-too-long"
    title = "The camera URL is too long"


class CameraUrlMalformedProblem(Problem):
    """No URL at all."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-malformed"
    title = "The camera URL cannot be read"


class CameraUrlSchemeProblem(Problem):
    """A scheme that no camera has."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-scheme-not-allowed"
    title = "The camera URL's scheme is not allowed"


class CameraUrlAddressProblem(Problem):
    """An address that settings refuse."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-address-refused"
    title = "The camera's address is refused"


class CameraUrlFileProblem(Problem):
    """A file outside the allowed folders."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "camera-url-file-not-allowed"
    title = "The camera URL names a file that may not be read"


def problem_responses(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """What an endpoint may answer besides success, for OpenAPI; kinds of one status share an entry."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = by_status.setdefault(
            kind.status.value,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "examples": {}}},
            },
        )
        entry["description"] = f"{entry['description']}; {kind.title}".lstrip("; ")
        entry["content"][MEDIA_TYPE]["examples"][kind.kind] = {
            "summary": (kind.__doc__ or kind.title).splitlines()[0],
            "value": {
                "type": TYPE_PREFIX + kind.kind,
                "title": kind.title,
                "status": kind.status.value,
                "detail": (kind.__doc__ or kind.title).splitlines()[0],
                "errors": [],
            },
        }
    return by_status
