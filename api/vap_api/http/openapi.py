"""The OpenAPI document: FastAPI's, with problem documents in the place of its own error models."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from vap_api.http.problems import ProblemDocument

REPLACED = ("HTTPValidationError", "ValidationError")


def install_openapi(app: FastAPI) -> None:
    """Makes `app.openapi()` give the document; it is built once, on the first request."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name in REPLACED:
                schemas.pop(name, None)
            problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {})
            schemas["ProblemDocument"] = problem
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
