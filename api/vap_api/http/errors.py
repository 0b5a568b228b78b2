"""Turns everything that can be raised into a problem document. FastAPI's own answers would repeat the input."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vap_api.db.errors import DatabaseUnavailableError
from vap_api.http.problems import (
    FieldProblem,
    InternalProblem,
    InvalidRequestProblem,
    MalformedJsonProblem,
    MethodNotAllowedProblem,
    NotFoundProblem,
    Problem,
    UnavailableProblem,
)
from vap_api.metrics import HttpMetrics
from vap_common.camera.redaction import redact

MAX_FIELD_LENGTH = 80
MAX_ERRORS = 20


def install_problem_handlers(app: FastAPI, metrics: HttpMetrics) -> None:
    """Every error becomes a problem document, and is counted."""

    def answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
        metrics.refused.labels(problem.kind).inc()
        response = problem.response()
        response.headers.update(headers or {})
        return response

    async def on_problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return answer(error)

    async def on_invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(problem_of_validation(error))

    async def on_unavailable(_request: Request, error: Exception) -> JSONResponse:
        return answer(UnavailableProblem(f"{error}; try again in a moment, nothing is lost."))

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return answer(problem_of_status(error.status_code), dict(error.headers or {}))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(DatabaseUnavailableError, on_unavailable)
    app.add_exception_handler(HTTPException, on_http)


def problem_of_status(status: int) -> Problem:
    """The problem for an error that the framework raised: it has a status and no kind."""
    if status == NotFoundProblem.status:
        return NotFoundProblem("Nothing is served at this path; /docs lists what is.")
    if status == MethodNotAllowedProblem.status:
        return MethodNotAllowedProblem("The Allow header lists the methods that this path takes; see /docs.")
    if status == MalformedJsonProblem.status:
        return MalformedJsonProblem("The body cannot be read as JSON; send one object, see /docs.")
    return InternalProblem("The request could not be handled.")


def problem_of_validation(error: RequestValidationError) -> Problem:
    """The problem for fields that are wrong: their names and what is wrong, never their values."""
    found = error.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        return MalformedJsonProblem("The body cannot be read as JSON; send one object, see /docs.")
    errors = [_field_problem(entry["loc"], str(entry["msg"]), str(entry["type"])) for entry in found[:MAX_ERRORS]]
    summary = "; ".join(f"{entry.field or entry.location}: {entry.detail}" for entry in errors)
    return InvalidRequestProblem(summary, errors)


def _field_problem(location: tuple[int | str, ...], message: str, code: str) -> FieldProblem:
    source, *path = [str(part) for part in location] or ["body"]
    # The name of an unknown field is the caller's text too.
    field = redact(".".join(path))[:MAX_FIELD_LENGTH]
    detail = "there is no such field; see /docs" if code == "extra_forbidden" else message.removeprefix("Value error, ")
    return FieldProblem(location=source, field=field, detail=detail, code=code)
