"""Public names use the field's words, and no docstring begins with "What"."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from chassis.observability.metrics import Metrics
from prometheus_client import CollectorRegistry

from tests.architecture.promql import domain_gauges, exported_metrics
from tests.architecture.sources import ROOT

FOLDERS = ("contracts", "services", "deploy", "tests")
WORDS = """
hear hears heard unheard say says said saying tell tells told spoken road roads lane lanes flight flights kept keeper
reception verdict verdicts look stand stands desk town weather storm blow blows contestant contestants crowd arena veto
vetoes sister sisters
"""
PRIVATE_WORDS = frozenset(WORDS.split())
"""Words that the project once used in a sense of its own, where the field has others."""
FIELD_TERMS = ("in_flight",)
"""Terms of the field that contain such a word."""
ALLOWED: dict[str, str] = {}
"""Name → the reason why it has to keep its word; ten at most."""
MOST_ALLOWED = 10
VARIABLE = re.compile(r"\b(?:GREEN|FAULTS|RACE|CONTRACT|BENCH)_[A-Z0-9_]*[A-Z0-9]")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def private_words(name: str) -> set[str]:
    """Return the private words in a name in snake_case, kebab-case, CamelCase or capitals."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name).lower()
    for term in FIELD_TERMS:
        words = words.replace(term, "")
    return set(PRIVATE_WORDS & set(words.split("_")))


@cache
def modules() -> dict[Path, ast.Module]:
    files = chain.from_iterable((ROOT / folder).rglob("*.py") for folder in FOLDERS)
    mine = [file for file in sorted(files) if not {"node_modules", ".venv", "build"} & set(file.parts)]
    return {file.relative_to(ROOT): ast.parse(file.read_text(encoding="utf-8")) for file in mine}


def module_names() -> Iterator[tuple[str, str]]:
    for file in modules():
        for part in file.with_suffix("").parts:
            yield str(file), part


def definitions() -> Iterator[tuple[str, str]]:
    """Yield place and name of every class, function and fixture, but of no test."""
    for file, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{file}:{node.lineno}"
                if not node.name.startswith("test_"):
                    yield place, node.name
                for name in fixture_names(node):
                    yield place, name


def fixture_names(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the names that decorators give to a fixture."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("fixture"):
            for keyword in decorator.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


def metrics_and_labels() -> Iterator[tuple[str, str]]:
    for name in exported_metrics():
        if name.startswith("green_"):
            yield "metric", name
    registry = CollectorRegistry()
    for attribute in vars(Metrics(registry)).values():
        for label in getattr(attribute, "_labelnames", ()):
            yield f"label of {attribute}", label
    for gauge in domain_gauges():
        for label in gauge.labels:
            yield f"label of {gauge.name}", label


def routes() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "contracts" / "openapi").glob("*.json")):
        for path, operations in json.loads(file.read_text(encoding="utf-8"))["paths"].items():
            yield file.name, path
            for operation in operations.values():
                yield f"{file.name}: {path}", operation["operationId"]


def environment_variables() -> Iterator[tuple[str, str]]:
    """Yield the variables that the sources and manifests name, and those of every class of settings."""
    for pattern in ("*.py", "*.yaml", "*.sh", "*.md", "Makefile"):
        for file in sorted(ROOT.glob(pattern)) + [each for top in FOLDERS for each in (ROOT / top).rglob(pattern)]:
            if not {"node_modules", ".venv"} & set(file.parts) and file != Path(__file__):
                for name in VARIABLE.findall(file.read_text(encoding="utf-8")):
                    yield str(file.relative_to(ROOT)), name
    for file, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and any("Settings" in ast.unparse(base) for base in node.bases):
                for field in node.body:
                    if isinstance(field, ast.AnnAssign):
                        yield f"{file}:{field.lineno}", ast.unparse(field.target)


def make_targets() -> Iterator[tuple[str, str]]:
    for name in TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")):
        yield "Makefile", name


@pytest.mark.parametrize(
    "names", [module_names, definitions, metrics_and_labels, routes, environment_variables, make_targets]
)
def test_names_use_the_words_of_the_field(names: Callable[[], Iterator[tuple[str, str]]]) -> None:
    found = list(names())

    assert found
    private = {f"{place} {name}" for place, name in found if private_words(name) and name not in ALLOWED}
    assert sorted(private) == []


def test_few_names_are_allowed_and_each_for_a_reason() -> None:
    known = {name for _, name in chain(module_names(), definitions())}

    assert len(ALLOWED) <= MOST_ALLOWED
    assert all(ALLOWED.values())
    assert ALLOWED.keys() - known == set()


def test_no_docstring_begins_with_what() -> None:
    """Docstrings of attributes, which stand behind them, included."""
    found = [
        f"{file}:{node.lineno}"
        for file, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and node.value.value.lstrip().startswith("What ")
    ]

    assert found == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ToldEverywhere", {"told"}),
        ("x-sisters-count", {"sisters"}),
        ("FAULTS_STORM", {"storm"}),
        ("/v1/vetoes/{desk_id}", {"vetoes", "desk"}),
        ("commits_in_flight", set()),
        ("flights_in_flight", {"flights"}),
        ("standard_outlook", set()),
    ],
)
def test_private_words_are_found_in_every_spelling(name: str, words: set[str]) -> None:
    assert private_words(name) == words
