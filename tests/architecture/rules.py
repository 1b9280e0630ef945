"""Lists the tests of each rule of the regulation: ``python -m tests.architecture.rules``."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from rulebook import catalogue

from tests.architecture.sources import ROOT

NOT_BUILT = {
    "G4",
    *("C1", "C3", "C4", "C5", "C6", "C7"),
    *("V11", "V12", "V13", "V15", "V16"),
    "L6",
    *("R17a", "R17b", "R17c", "R18", "R19", "R20", "R21", "R22", "R26", "R33", "R34", "R35"),
    *("D1", "D2", "D3", "D4", "D6"),
    *("X1", "X2", "X3"),
}
"""Rules that this release does not implement, though a test may show that they are refused; others need a test."""

FOLDERS = ("contracts", "services", "tests")

Tests = dict[str, list[str]]


def tests_by_rule() -> Tests:
    """Return rule id → its tests as ``file::test``, those marked for their whole module or class included."""
    found: Tests = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            for rule, test in _marked(path):
                found[rule].append(test)
    return found


def _marked(path: Path) -> Iterator[tuple[str, str]]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    for test, rules in _tests(module, frozenset()):
        for rule in sorted(rules):
            yield rule, f"{path.relative_to(ROOT)}::{test}"


def _tests(scope: ast.Module | ast.ClassDef, outer: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield every test of a module or class with the rules it is marked with there."""
    here = outer | _rules(each for each in scope.body if isinstance(each, ast.Assign) and _is_pytestmark(each))
    for each in scope.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_"):
            yield each.name, here | _rules(each.decorator_list)
        elif isinstance(each, ast.ClassDef) and each.name.startswith("Test"):
            yield from _tests(each, here | _rules(each.decorator_list))


def _is_pytestmark(assignment: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in assignment.targets)


def _rules(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the ids named by ``pytest.mark.rule(...)`` anywhere in these nodes."""
    calls = [call for node in nodes for call in ast.walk(node) if isinstance(call, ast.Call)]
    named = [call.args for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "rule"]
    return frozenset(str(each.value) for arguments in named for each in arguments if isinstance(each, ast.Constant))


def show(tests: Tests) -> None:
    """Print each rule of the catalogue with its tests, then those without, by their letter."""
    rules = list(catalogue().values())
    for each in rules:
        if tests[each.rule]:
            print(f"{each.rule}  {each.article}  {len(tests[each.rule])}")
            print(*(f"    {test}" for test in tests[each.rule]), sep="\n")
    none_yet = [each.rule for each in rules if not tests[each.rule]]
    print(f"\n{len(rules) - len(none_yet)} of {len(rules)} rules have tests; none yet:")
    for letter, group in groupby(none_yet, key=lambda rule: rule[0]):
        print(f"    {letter}  {' '.join(group)}")


def rules_without_tests(tests: Tests) -> set[str]:
    """Return the enforced rules without a test."""
    return catalogue().keys() - NOT_BUILT - {rule for rule, held in tests.items() if held}


def main() -> int:
    """Return 1 when a rule that this release enforces has no test."""
    tests = tests_by_rule()
    show(tests)
    if missing := sorted(rules_without_tests(tests)):
        print(f"\nenforced and without a test: {' '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
