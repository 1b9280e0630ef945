"""Time of the regular expressions: a text twice as long takes no more than twice as long, whatever it is made of."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import regex
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from deploy.services import SERVICES
from tests.architecture.sources import ROOT

FOLDERS = ("contracts", "services", "deploy")
SIZE = 2048
MAX_GROWTH = 8.0
"""From a text to one four times as long: a linear pattern takes 4 times as long, a quadratic one 16 times."""
NEGLIGIBLE = 4
"""As many steps of Python's own for each character: what takes less cannot be quadratic at this size."""
MAX_CHARACTERS = 8
PREFIXES = ("", "://", "a@", "a", "<c ", "<row ", "wait=", "(2026)")
SCRIPTS = ("第", "号", "汉", "\ufe00", "\u1820", "\u180b", "\u200d", "\u3164", "\u0301", "·", "-", "(", "0")
"""Characters of the properties by which patterns of the library ``regex`` tell texts apart."""


class Pattern(NamedTuple):
    where: str
    text: str | bytes
    library: str = "re"

    def compiled(self) -> Any:  # noqa: ANN401 - of either library
        return re.compile(self.text) if self.library == "re" else regex.compile(self.text, regex.V1)


def patterns() -> Iterator[Pattern]:
    """Yield every pattern in our sources: of ``re`` and ``regex``, of fields and parameters, of the routes' paths."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts and "node_modules" not in path.parts:
                yield from _patterns_in(path)
    for service in SERVICES:
        routes = {re.sub(r"/[a-z0-9-]+", "/x", each): each for each in _paths(import_module(f"{service.package}.api"))}
        for shape, route in routes.items():
            yield Pattern(f"{service.name} {route}", compile_path(shape)[0].pattern)


def _patterns_in(path: Path) -> Iterator[Pattern]:
    known: dict[str, str | bytes] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(name := node.targets[0], ast.Name):
            known |= _named(name.id, _text(node.value, known))
        for argument, library in _pattern_arguments(node):
            where = f"{path.relative_to(ROOT)}:{argument.lineno}"
            text = _text(argument, known)
            assert text is not None, f"{where}: write the pattern as a constant, so that it is timed"
            yield Pattern(where, text, library)


def _named(name: str, text: str | bytes | None) -> dict[str, str | bytes]:
    return {} if text is None else {name: text}


def _pattern_arguments(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    if not isinstance(node, ast.Call):
        return
    library, _, function = ast.unparse(node.func).partition(".")
    if library in {"re", "regex"} and function != "escape" and node.args:
        yield node.args[0], library
    yield from ((each.value, "re") for each in node.keywords if each.arg == "pattern")


def _text(node: ast.expr, known: dict[str, str | bytes]) -> Any:  # noqa: ANN401 - text or bytes
    """Return the text of a constant, of constants one after the other, or of a name for one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, known), _text(node.right, known)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.JoinedStr):
        parts = [_text(each.value if isinstance(each, ast.FormattedValue) else each, known) for each in node.values]
        return None if None in parts else "".join(parts)
    return None


def _paths(api: ModuleType) -> Iterator[str]:
    app = FastAPI()
    app.include_router(api.router)
    yield from (context.path for context in iter_route_contexts(app.routes) if context.path is not None)


def characters(pattern: Pattern) -> list[str]:
    """Return characters that the pattern tells apart: one of each of its classes, its literals, and three others."""
    if pattern.library == "regex":
        return [*SCRIPTS, "a", "1", " "]
    literal = pattern.text.decode("latin-1") if isinstance(pattern.text, bytes) else pattern.text
    found = dict.fromkeys(_literals(re._parser.parse(literal)))
    return [*list(found)[:MAX_CHARACTERS], "a", "1", " "]


def _literals(parsed: Any) -> Iterator[str]:  # noqa: ANN401 - the parse tree of the standard library
    for item in parsed:
        if not isinstance(item, tuple) or len(item) != 2:
            if isinstance(item, tuple | list) or hasattr(item, "data"):
                yield from _literals(item)
            continue
        kind, argument = str(item[0]), item[1]
        if kind in {"LITERAL", "NOT_LITERAL"}:
            yield chr(argument)
        elif kind == "RANGE":
            yield chr(argument[0])
        elif kind == "CATEGORY":
            yield {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}.get(str(argument), "-")
        elif isinstance(argument, tuple | list) or hasattr(argument, "data"):
            yield from _literals(argument)


def worst_growth(pattern: Pattern) -> tuple[float, str]:
    """Return the growth of the slowest text from SIZE to four times as much, and the beginning of that text."""
    compiled = pattern.compiled()
    worst = (0.0, "")
    for pump in _pumps(characters(pattern)):
        for prefix in PREFIXES:
            short, long = (_repeated(prefix, pump, size, compiled.pattern) for size in (SIZE, 4 * SIZE))
            if _seconds(compiled, short) <= NEGLIGIBLE * _baseline(short):
                continue
            growth = min(_seconds(compiled, long) / _seconds(compiled, short) for _ in range(3))
            worst = max(worst, (growth, f"{prefix}{pump * 3}"))
            if growth >= MAX_GROWTH:
                return worst
    return worst


def _pumps(found: Sequence[str]) -> Iterator[str]:
    yield from found
    yield from (first + second for first in found for second in found if first != second)


def _repeated(prefix: str, pump: str, size: int, like: str | bytes) -> str | bytes:
    text = prefix + pump * (size // len(pump)) + "\x00"
    return text.encode("utf-8") if isinstance(like, bytes) else text


def _seconds(compiled: Any, text: str | bytes) -> float:  # noqa: ANN401 - of either library
    began = time.process_time()
    compiled.search(text)
    compiled.fullmatch(text)
    return max(time.process_time() - began, 1e-7)


def _baseline(text: str | bytes) -> float:
    """Return the time of Python's loop over the same text, on this machine and now."""
    began = time.process_time()
    sum(1 for _ in text)
    return max(time.process_time() - began, 1e-7)


@pytest.mark.parametrize("pattern", sorted(set(patterns()), key=str), ids=lambda each: each.where)
def test_pattern_takes_time_in_proportion_to_the_text(pattern: Pattern) -> None:
    growth, text = worst_growth(pattern)

    assert growth < MAX_GROWTH, f"{pattern.where}: {growth:.1f} times for a text four times as long, made of {text!r}"


QUADRATIC = [("[a-z.]+@[a-z]+", "re"), ("(?:a|b)*c", "re"), (r"\s+$", "re"), (r"\p{Script=Han}+[@#]", "regex")]


@pytest.mark.parametrize(("quadratic", "library"), QUADRATIC)
def test_quadratic_pattern_is_found(quadratic: str, library: str) -> None:
    assert worst_growth(Pattern("here", quadratic, library))[0] >= MAX_GROWTH


def test_every_source_is_searched() -> None:
    found = {each.where.partition(":")[0] for each in patterns()}

    timed = ("chassis/chassis/observability/logs", "messages/messages/values", "messages/messages/spelling")
    assert {f"contracts/{each}.py" for each in timed} <= found
    assert any(" /v1/" in each for each in found)
