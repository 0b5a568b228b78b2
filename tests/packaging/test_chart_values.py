"""values.yaml and values.schema.json say the same, and unknown names are refused."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.packaging.chart import PRODUCTION, refusal, render
from tests.packaging.repository import CHART, load_yaml

Schema = dict[str, Any]
FREE_FORM = ("config", "affinity", "nodeSelector", "resources")


def schema() -> Schema:
    loaded: Schema = json.loads((CHART / "values.schema.json").read_text())
    return loaded


def resolve(node: Schema, root: Schema) -> Schema:
    if "$ref" in node:
        target: Schema = root["definitions"][node["$ref"].rpartition("/")[2]]
        return target
    return node


def schema_paths(node: Schema, root: Schema, path: str = "") -> Iterator[str]:
    node = resolve(node, root)
    if "properties" not in node:
        yield path
        return
    for name, child in node["properties"].items():
        if f"{path}.{name}" == ".global" or name in FREE_FORM:
            continue
        yield from schema_paths(child, root, f"{path}.{name}")


def value_paths(node: object, path: str = "") -> Iterator[str]:
    if not isinstance(node, dict) or not node:
        yield path
        return
    for name, child in node.items():
        if name not in FREE_FORM:
            yield from value_paths(child, f"{path}.{name}")


def closed(node: Schema, root: Schema, path: str = "") -> Iterator[str]:
    """Objects that list their properties, and take others too."""
    if "properties" in node:
        if node.get("additionalProperties") is not False and path not in ("/global", "/definitions/env/items"):
            yield path
        for name, child in node["properties"].items():
            yield from closed(child, root, f"{path}/{name}")
    if "items" in node:
        yield from closed(node["items"], root, f"{path}/items")


def test_every_value_has_a_schema_and_every_schema_a_documented_value() -> None:
    root = schema()
    assert sorted(value_paths(load_yaml(CHART / "values.yaml"))) == sorted(schema_paths(root, root))


def test_no_object_of_the_schema_takes_unknown_names() -> None:
    root = schema()
    open_ones = list(closed(root, root))
    for name, definition in root["definitions"].items():
        open_ones += closed(definition, root, f"/definitions/{name}")
    assert open_ones == []


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("nosuch=1", "nosuch"),
        ("api.replica=3", "replica"),
        ("runnerPool.maxWorkers=0", "maxWorkers"),
        ("kafka.securityProtocol=TLS", "securityProtocol"),
        ("database.url=mysql://db", "url"),
        ("cameras.refusedNetworks[0]=10.0.0.1", "refusedNetworks"),
        ("api.config.lower=1", "lower"),
    ],
)
def test_wrong_values_are_refused_by_name(setting: str, named: str) -> None:
    assert named in refusal("--set", "dev.enabled=true", "--set", setting)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ("kafka.bootstrapServers=kafka:9092", "set database.existingSecret.name or database.url"),
        ("database.url=postgresql://u:p@db/vap", "set kafka.bootstrapServers"),
        ("dev.enabled=true,kafka.securityProtocol=SASL_SSL", "needs kafka.sasl.existingSecret.name"),
    ],
)
def test_what_is_missing_is_named_with_the_way_out(settings: str, advice: str) -> None:
    assert advice in refusal("--set", settings)


def test_the_production_example_holds_no_credential() -> None:
    assert not [item for item in render(*PRODUCTION) if item["kind"] == "Secret"]
