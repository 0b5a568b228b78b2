"""The runner's environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.runner.harness import REPOSITORY
from vap_common.env_example import render_env_example
from vap_runner.settings import Settings


def test_the_env_example_is_generated() -> None:
    assert (REPOSITORY / "runner/.env.example").read_text() == render_env_example(Settings), (
        "regenerate it: python -m vap_common.env_example vap_runner.settings:Settings > runner/.env.example"
    )


def test_empty_values_mean_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POD_NAME", "ONNX_MODEL_PATH", "ONNX_CLASS_NAMES_PATH", "WARM_DETECTORS"):
        monkeypatch.setenv(name, "")
    settings = Settings()
    assert settings.pod_name
    assert settings.onnx_model_path is None
    assert settings.warm_detector_names == ()


def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_WORKERS", "0")
    with pytest.raises(ValidationError, match="max_workers"):
        Settings()


def test_names_and_paths_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONNX_MODEL_PATH", "/models/mine.onnx")
    monkeypatch.setenv("WARM_DETECTORS", "nanodet, motion")
    settings = Settings()
    assert settings.onnx_model_path == Path("/models/mine.onnx")
    assert settings.warm_detector_names == ("nanodet", "motion")
