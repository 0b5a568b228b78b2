"""Every call, with what its documentation allows and with what it forbids: the answers are as documented."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from prometheus_client import CollectorRegistry
from schemathesis import GenerationMode
from schemathesis import checks as schemathesis_checks
from schemathesis.specs.openapi import checks as openapi_checks

from vap_api.app import build_app
from vap_api.settings import Settings

# Not "what the schema allows is accepted": whether a camera's address may be reached is no matter of schema.
CONFORMANCE = [
    schemathesis_checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.negative_data_rejection,
]
CALLS = [
    ("POST", "/api/v1/scenario/init"),
    ("POST", "/api/v1/scenario/{scenario_uuid}/shutdown"),
    ("GET", "/api/v1/scenarios"),
    ("GET", "/api/v1/scenarios/{scenario_uuid}"),
    ("GET", "/api/v1/scenarios/{scenario_uuid}/history"),
    ("GET", "/api/v1/prediction/{scenario_uuid}"),
    ("GET", "/api/v1/workers"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


def test_the_list_of_calls_is_complete(settings: Settings) -> None:
    paths = build_app(settings, CollectorRegistry()).app.openapi()["paths"]
    assert {(method.upper(), path) for path, item in paths.items() for method in item} == set(CALLS)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_answers_are_as_documented(client: httpx.Client, method: str, path: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operation = schema[path][method]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        return

    @hypothesis_settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: "schemathesis.Case[Any]") -> None:
        case.call_and_validate(base_url=str(client.base_url).rstrip("/"), checks=CONFORMANCE)

    answers()
