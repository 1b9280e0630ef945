"""The tool itself: what it changes, what it leaves alone, what it draws, and that each excuse still has its line."""

from __future__ import annotations

import os
import signal
from itertools import count
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.mutation.mutants import compiles, draw, mutants_of
from tests.mutation.packages import PACKAGES
from tests.mutation.rounds import equivalents
from tests.mutation.trial import Trace, in_child, replaced

HERE = Path("rule.py")


def changes(source: str) -> set[tuple[str, str]]:
    return {(each.kind, each.lines[1]) for each in mutants_of(HERE, source) if compiles(each)}


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("x = a and b\n", "dropped_operands", {"x = a", "x = b"}),
        ("if a:\n    b()\n", "negated_conditions", {"if not (a):"}),
        ("x = (a, b, c)\n", "dropped_items", {"x = (b, c)", "x = (a, c)", "x = (a, b)"}),
        ("x = (a, b)\n", "dropped_items", {"x = (b,)", "x = (a,)"}),
        ("x = {'a': 1, **b}\n", "dropped_items", {"x = {**b,}", "x = {'a': 1,}"}),
        ("x = [a for a in b if a if c]\n", "dropped_filters", {"x = [a for a in b if c]", "x = [a for a in b if a]"}),
        ("x = max(a)\n", "other_builtins", {"x = min(a)"}),
        ("def f():\n    return [a]\n", "empty_returns", {"return None", "return []"}),
        ("for a in b:\n    c()\n    continue\n", "removed_statements", {"pass"}),
        ("a.b = c\n", "removed_statements", {"pass"}),
        ("x = a < b\n", "swap_op", {"x = a <= b"}),
        ("x = not a\n", "remove_unary_ops", {"x = a"}),
        ("x = 1\n", "number", {"x = 2"}),
    ],
)
def test_each_kind_changes_one_thing(source: str, kind: str, expected: set[str]) -> None:
    assert {come for each, come in changes(source) if each == kind} == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""What it does."""\n',
        "import a\nfrom b import c\n",
        "X: TypeAlias = tuple[int, str]\n",
        'raise ValueError(f"{a} is none")\n',
        'log.warning("lost", count=1)\n',
        "async def f() -> None:\n    await asyncio.sleep(0)\n",
        '@given(1)\ndef f(a: Literal["b"]) -> None: ...\n',
    ],
)
def test_what_is_no_rule_is_left_alone(source: str) -> None:
    assert changes(source) == set()


@pytest.mark.parametrize(("text", "changed"), [("不得重复申报", False), ("two words", False), ("V9", True)])
def test_words_of_the_code_are_changed_and_texts_for_people_are_not(text: str, *, changed: bool) -> None:
    assert any(kind == "string" for kind, _ in changes(f'x = "{text}"\n')) is changed


def test_the_targets_of_an_assignment_are_left_whole() -> None:
    assert not any(kind == "dropped_items" for kind, _ in changes("(a, b) = c\nfor d, e in f: g(d)\n"))


def test_a_seed_draws_the_same_mutants_again_and_every_kind() -> None:
    source = "def f(a, b):\n    if a and not b:\n        return max(a, 1) < 2\n    return [c for c in a if c]\n"
    found = mutants_of(HERE, source)

    first = draw(found, 12, seed=7)
    assert [(each.kind, each.diff) for each in first] == [(each.kind, each.diff) for each in draw(found, 12, seed=7)]
    assert [each.diff for each in first] != [each.diff for each in draw(found, 12, seed=8)]
    assert len({each.diff for each in draw(found, 1000, seed=7)}) > len(first)
    assert len(draw(found, 1000, seed=7)) == len(found)


def test_a_mutant_says_where_it_is_and_what_changed() -> None:
    (mutant,) = [each for each in mutants_of(HERE, "a()\nx = b < c\n") if each.kind == "swap_op"]

    assert (mutant.line, mutant.lines) == (2, ("x = b < c", "x = b <= c"))
    assert "--- rule.py:2" in mutant.diff
    assert "+x = b <= c" in mutant.diff


def test_a_changed_line_is_met_by_its_tests_and_one_that_only_the_import_runs_by_those_of_its_file() -> None:
    known = Trace({"rule.py": {1: [], 5: ["t::a", "t::b"], 6: ["t::b"]}}, {"t::a": 2.0, "t::b": 1.0}, [])

    assert known.tests_of(HERE, 6, 6) == ["t::b"]
    assert known.tests_of(HERE, 5, 6) == ["t::b", "t::a"]
    assert known.tests_of(HERE, 1, 1) == ["t::b", "t::a"]
    assert known.tests_of(Path("other.py"), 1, 1) == []


def test_a_source_is_replaced_for_a_while_and_never_with_the_time_of_another(tmp_path: Path) -> None:
    file = tmp_path / "rule.py"
    file.write_text("one")
    stamps, times = count(1_000_000_000), list[float]()

    for _ in range(2):
        with replaced(file, "two", stamps):
            assert file.read_text() == "two"
            times.append(file.stat().st_mtime)
        assert file.read_text() == "one"
        times.append(file.stat().st_mtime)

    assert len(set(times)) == len(times)


def test_a_child_answers_and_one_that_never_ends_is_ended() -> None:
    assert in_child(lambda: 5, seconds=30) == 5
    assert in_child(_end_itself, seconds=30) == 3
    assert in_child(_hang, seconds=0.2) == -1


def _end_itself() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def _hang() -> int:
    while True:
        pass


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_has_code_to_mutate_and_tests(name: str) -> None:
    package = PACKAGES[name]

    assert package.sources(ROOT)
    assert (ROOT / package.folder / "tests").is_dir()
    assert not any("tests" in path.parts for path in package.sources(ROOT))
    for part in package.parts:
        assert (ROOT / package.folder / package.module / part).exists(), part


def test_an_excuse_names_a_line_that_is_there_and_gives_its_reason() -> None:
    for (file, gone, come), reason in equivalents(ROOT / "tests" / "mutation" / "equivalent.toml").items():
        path = ROOT / file
        assert path in {ROOT / each for package in PACKAGES.values() for each in package.sources(ROOT)}, file
        text = " ".join(line.strip() for line in path.read_text(encoding="utf-8").splitlines())
        assert gone in text, f"{file}: {gone}"
        assert gone != come
        assert len(reason) > 20, f"{file}: {gone}"
