"""The threat model: each threat has what holds it, and tests that exist."""

from __future__ import annotations

import re
from functools import cache

from tests.architecture.sources import ROOT

PAGE = ROOT / "contracts" / "architecture" / "security.md"
FOLDERS = ("contracts", "services", "tests")
FEWEST = 20
"""Threats known when the page was written."""


def rows() -> list[list[str]]:
    """Return the cells of each row of the table."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Threats\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def known_tests() -> frozenset[str]:
    found: set[str] = set()
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("test_*.py"):
            found |= set(re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE))
    return frozenset(found)


def test_every_threat_says_what_holds_it_and_is_tested() -> None:
    wrong = [row for row in rows() if len(row) != 3 or not all(row) or not re.findall(r"`test_\w+`", row[2])]

    assert wrong == []
    assert len(rows()) >= FEWEST


def test_every_test_of_a_threat_exists() -> None:
    named = {name for row in rows() for name in re.findall(r"`(test_\w+)`", row[2])}

    assert named - known_tests() == set()
