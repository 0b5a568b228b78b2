"""The images: locked dependencies, one service each, nothing that installs, nobody's root."""

import re
from collections.abc import Iterable

import pytest

from tests.packaging.repository import IMAGES, ROOT

OWN_PACKAGES = {
    "api": {"api", "common"},
    "operator": {"operator", "common"},
    "runner": {"runner", "common"},
    "local": {"api", "common", "local", "operator", "runner"},
}


def dockerfile(image: str) -> str:
    return (ROOT / image / "Dockerfile").read_text()


def joined_lines(text: str) -> list[str]:
    return [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def copied(image: str) -> Iterable[str]:
    for line in joined_lines(dockerfile(image)):
        words = [word for word in line.split() if not word.startswith("--chown")]
        if words[0] == "COPY" and not words[1].startswith("--from"):
            yield from words[1:-1]


def locked_requirers(image: str) -> dict[str, set[str]]:
    """Each locked package, and who asked for it."""
    requirers: dict[str, set[str]] = {}
    name = ""
    for line in (ROOT / "requirements" / f"{image}.txt").read_text().splitlines():
        if match := re.match(r"([a-z0-9._-]+)==", line):
            name = match[1]
            requirers.setdefault(name, set())
        elif line.startswith("    #"):
            requirer = line.strip(" #").removeprefix("via").strip()
            if requirer and not requirer.startswith("-c "):
                requirers[name].add(requirer)
    return requirers


def build_only(image: str) -> set[str]:
    requirers = locked_requirers(image)
    needed = {name for name, by in requirers.items() if any(who == "vap (pyproject.toml)" for who in by)}
    while more := {name for name, by in requirers.items() if by & needed} - needed:
        needed |= more
    return set(requirers) - needed


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_copied_exists_and_is_let_through(image: str) -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in copied(image):
        assert (ROOT / source).exists(), source
        assert any(
            entry == source or entry.startswith(f"{source}/") or source.startswith(f"{entry}/") for entry in let_through
        ), f"{source} is kept out by .dockerignore"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_its_own_service_and_the_common_package_only(image: str) -> None:
    folders = {"api", "common", "local", "operator", "runner"}
    assert folders & set(copied(image)) == OWN_PACKAGES[image]


@pytest.mark.parametrize("image", IMAGES)
def test_packages_that_only_build_do_not_stay(image: str) -> None:
    uninstalled = re.search(
        r"pip uninstall --quiet --yes (editables [a-z -]+?) +&&", dockerfile(image).replace("\\\n", "")
    )
    assert uninstalled
    assert set(uninstalled[1].split()) == build_only(image)


@pytest.mark.parametrize("image", IMAGES)
def test_dependencies_come_from_hashes_and_the_user_is_a_number(image: str) -> None:
    text = dockerfile(image)
    assert "ARG BASE_IMAGE=python:3.12-slim-bookworm\n" in text
    assert f"COPY requirements/{image}.txt " in text
    assert "--require-hashes" in text
    final = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "org.opencontainers.image.licenses" in final


@pytest.mark.parametrize("image", IMAGES)
def test_sources_change_no_layer_before_the_dependencies(image: str) -> None:
    text = dockerfile(image)
    tools = text[text.index(" AS tools") : text.index(" AS dependencies")]
    assert [line.split()[1] for line in joined_lines(tools) if line.startswith("COPY")] == [f"requirements/{image}.txt"]
    final = text.rpartition("\nFROM ")[2]
    assert "/opt/venv" not in final, "the dependencies belong into an earlier layer than the application"
