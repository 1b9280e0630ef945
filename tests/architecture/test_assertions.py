"""Assertions that cannot fail, or that any failure satisfies: a test that holds a rule has none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, SERVICES, package

VAGUE = frozenset(
    {
        "AssertionError",
        "AttributeError",
        "Exception",
        "KeyError",
        "Refusal",
        "TypeError",
        "ValidationError",
        "ValueError",
    }
)
"""Exceptions that many faults raise: which one is meant is said by ``match``, or asserted of the one caught."""


def modules_of_tests() -> Iterator[Path]:
    for folder in ("contracts", "services", "tests"):
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "tests" in path.parts)


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def any_refusal_does(source: str) -> list[int]:
    """Return the lines of ``pytest.raises`` of a vague exception that say nowhere which one is meant."""
    found = []
    for function in functions(source):
        read = {each.id for each in ast.walk(function) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
        for node in ast.walk(function):
            if not isinstance(node, ast.With | ast.AsyncWith):
                continue
            for item in node.items:
                call, caught = item.context_expr, item.optional_vars
                if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.raises" and call.args):
                    continue
                vague = bool(names_in(call.args[0]) & VAGUE)
                meant = any(each.arg in {"match", "check"} for each in call.keywords)
                looked_at = caught is not None and bool(names_in(caught) & read)
                if vague and not meant and not looked_at:
                    found.append(call.lineno)
    return sorted(set(found))


def holds_of_nothing(source: str) -> list[int]:
    """Return the lines of ``assert all(… for … in X)`` whose function asserts nothing else of X, which may be empty."""
    found = []
    for function in functions(source):
        asserts = [node for node in ast.walk(function) if isinstance(node, ast.Assert)]
        for node in asserts:
            call = node.test
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "all" and len(call.args) == 1):
                continue
            if not isinstance(call.args[0], ast.GeneratorExp | ast.ListComp):
                continue
            over = call.args[0].generators[0].iter
            local = {name for name in names_in(over) if not name.isupper()}
            elsewhere = {name for each in asserts if each is not node for name in names_in(each.test)}
            fixed = isinstance(over, ast.Tuple | ast.List) or not local
            if not fixed and not local & elsewhere:
                found.append(node.lineno)
    return found


def faults(find: str) -> list[str]:
    look = {"raises": any_refusal_does, "all": holds_of_nothing}[find]
    return [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules_of_tests()
        for line in look(path.read_text(encoding="utf-8"))
    ]


def test_whoever_expects_a_refusal_says_which() -> None:
    assert faults("raises") == []


def test_whoever_asserts_of_all_asserts_that_there_are_some() -> None:
    assert faults("all") == []


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("with pytest.raises(Refusal):\n        act()", [2]),
        ("with pytest.raises((KeyError, OSError)):\n        act()", [2]),
        ("with pytest.raises(Refusal) as refused:\n        act()", [2]),
        ("with pytest.raises(Refusal) as refused:\n        act()\n    assert refused.value.code == 'a'", []),
        ("with pytest.raises(Refusal, match='a'):\n        act()", []),
        ("with pytest.raises(TransientError):\n        act()", []),
    ],
)
def test_a_refusal_without_a_code_is_found(body: str, lines: list[int]) -> None:
    assert any_refusal_does(f"def test_it():\n    {body}\n") == lines


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("assert all(each for each in said)", [2]),
        ("assert all([each for each in said()])", [2]),
        ("assert len(said) == 2\n    assert all(each for each in said)", []),
        ("assert all(each for each in (1, 2))", []),
        ("assert all(each for each in EVERY.values())", []),
        ("assert not any(each for each in said)", []),
    ],
)
def test_an_assertion_that_holds_of_nothing_is_found(body: str, lines: list[int]) -> None:
    assert holds_of_nothing(f"def test_it():\n    {body}\n") == lines


CODE_AT = {"reason": 1, "refusal": 1, "Refusal": 0}
"""Where a call that makes a refusal, or a reason of one, has its code."""


def codes(source: str) -> set[str]:
    """Return the codes of the refusals and reasons that a module makes."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    places = [(call.args, CODE_AT.get(ast.unparse(call.func))) for call in calls]
    named = [arguments[at] for arguments, at in places if at is not None and at < len(arguments)]
    return {str(each.value) for each in named if isinstance(each, ast.Constant)}


@pytest.mark.rule("G3")
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_refusal_of_the_rules_is_expected_by_a_test_of_its_service(service: str) -> None:
    """A refusal whose code nobody expects may come for another reason, or never."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (package(service).parent / "tests").rglob("*.py"))
    rules = [path for part in ("domain", "handlers") for path in (package(service) / part).rglob("*.py")]

    made = {code for path in rules for code in codes(path.read_text(encoding="utf-8"))}
    assert made
    assert {code for code in made if code not in tests} == set()
