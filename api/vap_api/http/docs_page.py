"""/docs: Swagger UI, with its script and style served by ourselves, so that it works without internet."""

from importlib.resources import files

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

ASSETS_PATH = "/docs/assets"
FAVICON = "data:,"
"""No picture: the usual one would be fetched from elsewhere."""


def install_docs(app: FastAPI) -> None:
    """Adds the page and its assets (Swagger UI 5, which reads OpenAPI 3.1, from the fastapi-offline wheel)."""
    router = APIRouter()

    @router.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=f"{app.title}: calls",
            swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=FAVICON,
            # Swagger UI would otherwise send the document's address to a validator on the internet.
            swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True, "displayRequestDuration": True},
        )

    app.include_router(router)
    app.mount(ASSETS_PATH, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
