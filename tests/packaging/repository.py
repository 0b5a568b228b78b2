"""Where things are in the repository."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "vap"
IMAGES = ("api", "operator", "runner", "local")
"""Folders with a Dockerfile; the image of each is called vap-<folder>."""


def load_yaml(path: Path) -> Any:
    """The one document in a YAML file."""
    return yaml.safe_load(path.read_text())


def load_all_yaml(text: str) -> list[dict[str, Any]]:
    """Every document that holds something."""
    return [document for document in yaml.safe_load_all(text) if document]
