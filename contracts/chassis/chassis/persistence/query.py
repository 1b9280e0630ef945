"""MongoDB's filters and sort orders for documents in memory (the subset of ``handling.Filter``)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.handling import Filter, Sort

_ORDER: tuple[type | tuple[type, ...], ...] = (type(None), (int, float), str, dict, list, bytes, bool, datetime)
"""BSON's order of types; in Python a bool is a number, in BSON it is a type of its own."""


def matches(document: Mapping[str, Any], where: Filter) -> bool:
    return all(_clause(document, path, operand) for path, operand in where.items())


def sorted_by(documents: Iterable[dict[str, Any]], sort: Sort) -> list[dict[str, Any]]:
    ordered = list(documents)
    for path, direction in reversed(list(sort)):
        ordered.sort(key=lambda each, path=path: _SortKey(_sort_value(each, path)), reverse=direction < 0)  # type: ignore[misc]
    return ordered


def values_at(document: object, path: str) -> list[Any]:
    """Return every value at a dotted path, through arrays as in MongoDB; empty when there is none."""
    head, _, rest = path.partition(".")
    if isinstance(document, list):
        found = [value for each in document if isinstance(each, dict) for value in values_at(each, path)]
        if head.isdigit() and int(head) < len(document):
            found += values_at(document[int(head)], rest) if rest else [document[int(head)]]
        return found
    if not isinstance(document, Mapping) or head not in document:
        return []
    return values_at(document[head], rest) if rest else [document[head]]


def _clause(document: Mapping[str, Any], path: str, operand: Any) -> bool:  # noqa: ANN401 - a filter holds any value
    if path == "$or":
        return any(matches(document, each) for each in operand)
    if path == "$and":
        return all(matches(document, each) for each in operand)
    found = values_at(document, path)
    if isinstance(operand, Mapping) and operand and all(str(name).startswith("$") for name in operand):
        return all(_operator(name)(found, each) for name, each in operand.items())
    return _equal(found, operand)


def _operator(name: str) -> Callable[[list[Any], Any], bool]:
    if name not in _OPERATORS:
        raise ValueError(f"{name} is not a supported operator")
    return _OPERATORS[name]


def _equal(found: list[Any], operand: Any) -> bool:  # noqa: ANN401
    if operand is None:
        return not found or any(value is None for value in _flatten(found))
    return any(_same(value, operand) for value in _flatten(found))


def _same(left: Any, right: Any) -> bool:  # noqa: ANN401
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _flatten(found: list[Any]) -> list[Any]:
    """Return the values and, for arrays, also their elements: MongoDB matches either."""
    return [*found, *(element for value in found if isinstance(value, list) for element in value)]


def _compare(accept: Callable[[int], bool]) -> Callable[[list[Any], Any], bool]:
    def holds(found: list[Any], operand: Any) -> bool:  # noqa: ANN401
        return any(_kind(value) == _kind(operand) and accept(_three_way(value, operand)) for value in _flatten(found))

    return holds


def _among(found: list[Any], operand: Sequence[Any]) -> bool:
    return any(_equal(found, each) for each in operand)


_OPERATORS: dict[str, Callable[[list[Any], Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda found, operand: not _equal(found, operand),
    "$in": _among,
    "$nin": lambda found, operand: not _among(found, operand),
    "$lt": _compare(lambda order: order < 0),
    "$lte": _compare(lambda order: order <= 0),
    "$gt": _compare(lambda order: order > 0),
    "$gte": _compare(lambda order: order >= 0),
    "$exists": lambda found, operand: bool(found) == bool(operand),
}


def _kind(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, bool):
        return _ORDER.index(bool)
    return next(rank for rank, types in enumerate(_ORDER) if isinstance(value, types))


def _three_way(left: Any, right: Any) -> int:  # noqa: ANN401
    if _kind(left) != _kind(right):
        return _kind(left) - _kind(right)
    if left is None or isinstance(left, dict):
        return 0 if left == right else (str(left) > str(right)) - (str(left) < str(right))
    return int(left > right) - int(left < right)


def _sort_value(document: dict[str, Any], path: str) -> Any:  # noqa: ANN401
    found = values_at(document, path)
    return found[0] if found else None


@functools.total_ordering
class _SortKey:
    """A value with the sort order of BSON."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:  # noqa: ANN401
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SortKey) and _three_way(self.value, other.value) == 0

    def __lt__(self, other: _SortKey) -> bool:
        return _three_way(self.value, other.value) < 0

    __hash__ = None  # type: ignore[assignment]
