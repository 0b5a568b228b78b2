"""The published JSON Schemas are those of the code."""

from pathlib import Path

from vap_common.schema_export import render_schemas

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"


def test_the_published_schemas_are_in_step() -> None:
    published = {path.name: path.read_text() for path in PUBLISHED.glob("*.json")}
    assert published == render_schemas(), "run `make schemas`, and read the difference: others rely on these names"
