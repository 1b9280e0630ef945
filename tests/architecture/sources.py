"""Reads the sources of the project for the tests of its architecture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from deploy import services

ROOT = Path(__file__).parents[2]
SERVICES = {service.name: service.package for service in services.SERVICES}
"""Folder → import name."""


def package(service: str) -> Path:
    return ROOT / "services" / service / SERVICES[service]


def production() -> Iterator[Path]:
    """Return every source file that runs in production."""
    for folder in ("contracts", "services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts and "devkit" not in path.parts:
                yield path


def imported(path: Path) -> set[str]:
    """Return the full names of the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
    return found
