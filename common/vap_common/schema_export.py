"""Writes the JSON Schema of every message: `python -m vap_common.schema_export FOLDER`.

The files are for people who read or write the topics in other languages; a test keeps them in step.
"""

import json
import sys
from pathlib import Path

from vap_common.kafka.topics import TOPICS


def render_schemas() -> dict[str, str]:
    """File name → JSON Schema (draft 2020-12) of the message on each topic."""
    rendered = {}
    for topic in TOPICS:
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        schema |= topic.message.model_json_schema(by_alias=True, mode="serialization")
        rendered[f"{topic.name}.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return rendered


def main() -> None:
    """Writes the files into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in render_schemas().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
