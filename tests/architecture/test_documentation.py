"""Pages for people name what is there: their links, make targets and names in code exist."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, SERVICES

PAGES = tuple(
    page
    for page in sorted(ROOT.rglob("*.md"))
    if not {"node_modules", ".venv", ".local", ".pytest_cache"} & set(page.relative_to(ROOT).parts)
)
NAMING_CODE = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "contracts" / "architecture").glob("*.md"))]
SOURCES = ("*.py", "*.toml", "*.yml", "*.sh")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_a_link_leads_to_a_file(page: Path) -> None:
    links = {each for each in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()) if "://" not in each}

    assert {each for each in links if not (page.parent / each).exists()} == set()


@every_page
def test_a_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake (?:-s )?([a-z][a-z-]*)", "\n".join(_code(page.read_text()))))

    assert named - targets == set()


@pytest.mark.parametrize("page", NAMING_CODE, ids=lambda page: page.name)
def test_a_name_in_code_exists(page: Path) -> None:
    words = {word for code in re.findall(r"`([^`\n]+)`", page.read_text()) for word in re.findall(r"[A-Za-z_]+", code)}
    names = {word for word in words if "_" in word.strip("_") or re.search(r"[a-z][A-Z]", word)}
    known = _sources() + (ROOT / "pyproject.toml").read_text()
    settings = {name for name in names if f"{name.removeprefix('GREEN_').lower()}: " in known and "GREEN_" in name}

    assert {
        name for name in names - settings if name not in known and not name.startswith(("green_", "test_"))
    } == set()


@every_page
def test_a_metric_exists(page: Path) -> None:
    named = set(re.findall(r"\bgreen_([a-z_]+[a-z])", page.read_text()))

    known = _sources() + page.read_text().replace("green_", "")  # an example declares its own

    assert {name for name in named if f'"{name.removesuffix("_total")}"' not in known} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_named_wherever_services_are_listed(service: str) -> None:
    package, project = SERVICES[service], tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = (ROOT / ".importlinter").read_text()

    assert re.search(rf"^root_packages =\n(    .*\n)*    {package}\n", contracts, re.MULTILINE)
    assert len(re.findall(rf"\b{package}\b", contracts)) == len(re.findall(r"\breview\b", contracts))
    assert f"services/{service}/{package}" in (ROOT / "Makefile").read_text()
    assert f"green-{service}" in project["project"]["dependencies"]
    assert f"services/{service}" in project["tool"]["mypy"]["mypy_path"].split(":")


def _code(text: str) -> list[str]:
    """Return code in a line and indented blocks: prose may say "make sure"."""
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^    .*$", text, re.MULTILINE)


@cache
def _sources() -> str:
    folders = (ROOT / "contracts", ROOT / "services", ROOT / "deploy")
    files = [file for folder in folders for pattern in SOURCES for file in folder.rglob(pattern)]
    return "\n".join(f"{file}\n{file.read_text()}" for file in files if "node_modules" not in file.parts)
