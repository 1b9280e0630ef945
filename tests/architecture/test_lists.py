"""Every list of every service names a document that it cannot read, instead of answering 500 for all."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pytest

from tests.architecture.sources import SERVICES, package

COMPUTED: Mapping[str, str] = MappingProxyType(
    {"list_success_rates": "a rate without one of its years would be wrong: it answers 500 and names the document"}
)
"""Lists whose items are not documents; each with what it does instead."""


def lists() -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for service in SERVICES:
        for file in sorted((package(service) / "api").glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list and _is_page(node.returns):
                    yield f"{service}/{node.name}", node


def _is_page(returned: ast.expr | None) -> bool:
    return isinstance(returned, ast.Subscript) and ast.unparse(returned.value) == "Page"


LISTS = dict(lists())


@pytest.mark.parametrize("name", LISTS)
def test_list_is_read_by_page_and_keeps_the_names_of_what_it_could_not_read(name: str) -> None:
    called = [ast.unparse(node.func) for node in ast.walk(LISTS[name]) if isinstance(node, ast.Call)]

    if LISTS[name].name not in COMPUTED:
        assert any(each in {"context.page", "_page"} for each in called), called
        assert "Page" not in called, "with_items and map keep the names"


def test_lists_of_every_service_are_found() -> None:
    assert len(LISTS) > 20
    assert {name.partition("/")[0] for name in LISTS} == set(SERVICES)
    assert {each.name for each in LISTS.values()} >= COMPUTED.keys()
