"""Each rule of the regulation that this release enforces has at least one test named by it."""

from __future__ import annotations

import re

from tests.architecture.sources import ROOT

ENFORCED = {
    *(f"G{n}" for n in range(1, 4)),
    *(f"T{n}" for n in range(1, 8)),
    *(f"E{n}" for n in range(1, 14)),
    *("A1", "A2", "A3", "A4", "A5"),
    *("Q1", "Q2", "Q3", "Q5", "Q6", "Q7", "S1"),
    *(f"V{n}" for n in range(1, 11)),
    "V14",
    *(f"L{n}" for n in range(1, 6)),
    *("R1", "B1", "B2", "N1", "N2", "N4", "P1", "P2"),
}


def test_each_enforced_rule_is_named_by_a_test() -> None:
    named = {
        rule
        for folder in ("contracts", "services", "tests")
        for path in (ROOT / folder).rglob("test_*.py")
        for marks in re.findall(r"mark\.rule\(([^)]*)\)", path.read_text())
        for rule in re.findall(r'"([A-Z][0-9]+[a-c]?)"', marks)
    }

    assert ENFORCED - named == set()
