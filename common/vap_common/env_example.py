"""Writes a service's `.env.example` from its settings class: `python -m vap_common.env_example MODULE:CLASS`."""

import importlib
import sys
import textwrap

from pydantic import SecretStr
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings


def render_env_example(settings: type[BaseSettings]) -> str:
    """The text of an `.env.example`: every setting, its description, its default commented out."""
    blocks = []
    for name, field in settings.model_fields.items():
        comment = textwrap.fill(field.description or name, 100, initial_indent="# ", subsequent_indent="# ")
        default = field.default
        if default is None or default is PydanticUndefined:
            value = ""
        elif isinstance(default, SecretStr):
            value = default.get_secret_value()
        elif isinstance(default, bool):
            value = str(default).lower()
        else:
            value = str(default)
        assignment = f"{name.upper()}={value}"
        blocks.append(f"{comment}\n{assignment if field.is_required() else '# ' + assignment}\n")
    return "\n".join(blocks)


def main() -> None:
    """Prints the example for the class named on the command line."""
    module_name, class_name = sys.argv[1].split(":")
    sys.stdout.write(render_env_example(getattr(importlib.import_module(module_name), class_name)))


if __name__ == "__main__":
    main()
