"""The models and the CRD files say the same; so do the settings and `.env.example`."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vap_common.env_example import render_env_example
from vap_common.lifecycle import ScenarioState
from vap_common.messages import DETECTOR_NAMES, MAX_TRANSITIONS
from vap_operator.resources.runnerpool import PoolSpec, PoolStatus
from vap_operator.resources.videoscenario import ScenarioSpec, ScenarioStatusBlock
from vap_operator.settings import Settings

ROOT = Path(__file__).parents[3]


def schema(file: str) -> dict[str, Any]:
    body = yaml.safe_load((ROOT / "crds" / file).read_text())
    properties: dict[str, Any] = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return properties


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model`, `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = model_in(part)
        if found is not None:
            return found
    return None


def compare(model: type[BaseModel], node: dict[str, Any], path: str) -> None:
    node = node.get("items", node)
    described = node.get("properties", {})
    fields: dict[str, FieldInfo] = {field.alias or name: field for name, field in model.model_fields.items()}
    assert set(fields) == set(described), path
    for name, field in fields.items():
        inner = model_in(field.annotation)
        if inner is not None:
            compare(inner, described[name], f"{path}.{name}")
        elif "default" in described[name] and not field.is_required():
            default = field.get_default(call_default_factory=True)
            assert default == described[name]["default"], f"{path}.{name}"


def test_the_models_have_the_fields_and_defaults_of_the_crds() -> None:
    scenario, pool = schema("vap.dev_videoscenarios.yaml"), schema("vap.dev_runnerpools.yaml")
    compare(ScenarioSpec, scenario["spec"], "spec")
    compare(ScenarioStatusBlock, scenario["status"], "status")
    compare(PoolStatus, pool["status"], "status")
    assert set(pool["spec"]["properties"]) == {field.alias for field in PoolSpec.model_fields.values()}
    for field in PoolSpec.model_fields.values():
        if not field.is_required():
            assert field.default == pool["spec"]["properties"][field.alias]["default"], field.alias


def test_enumerations_agree() -> None:
    scenario = schema("vap.dev_videoscenarios.yaml")
    states = scenario["status"]["properties"]["state"]["enum"]
    assert states == [state.value for state in ScenarioState]
    assert tuple(scenario["spec"]["properties"]["detector"]["properties"]["name"]["enum"]) == DETECTOR_NAMES
    assert scenario["status"]["properties"]["transitions"]["maxItems"] == MAX_TRANSITIONS


def test_a_status_of_nothing_but_the_default_is_a_new_scenario() -> None:
    default = schema("vap.dev_videoscenarios.yaml")["status"]["default"]
    assert ScenarioStatusBlock.model_validate(default) == ScenarioStatusBlock()


def test_absent_fields_are_removed_by_a_merge_patch() -> None:
    patch = ScenarioStatusBlock().to_json()
    assert patch["message"] is None
    assert patch["placement"] is None
    assert patch["conditions"] == []


def test_env_example_is_current() -> None:
    assert (ROOT / "operator" / ".env.example").read_text() == render_env_example(Settings), (
        "python -m vap_common.env_example vap_operator.settings:Settings > operator/.env.example"
    )


@pytest.mark.parametrize("folder", ["operator"])
def test_the_folder_does_not_hide_the_standard_librarys_operator(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()
