"""MongoDB's filters and sort orders for documents in memory (the subset of ``handling.Filter``)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.handling import Filter, Sort

MAX_ALTERNATIVES = 12
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


def and_filters(one: Filter, other: Filter) -> Filter:
    """Return the filter of documents that match both."""
    if not one or not other:
        return one or other
    if one.keys().isdisjoint(other.keys()):
        return {**one, **other}
    return {"$and": [dict(one), dict(other)]}


def sort_with_id(sort: Sort) -> list[tuple[str, int]]:
    """Return the order with the id last, so that no two documents have the same place."""
    return [each for each in sort if each[0] != "_id"] + [("_id", dict(sort).get("_id", 1))]


def sort_values(document: Mapping[str, Any], order: Sort) -> list[Any]:
    """Return the values of a document by which ``order`` sorts it."""
    return [_sort_value(document, path) for path, _ in order]


def alternatives(where: Filter) -> list[Filter]:
    """Return filters without ``$or`` that together match the same; the filter itself where these would be many.

    The database reads each from an index in order; the whole it may have to sort in memory.
    """
    joined: list[Filter] = [{}]
    for clause in _conjuncts(where):
        options = [option for each in clause["$or"] for option in alternatives(each)] if "$or" in clause else [clause]
        joined = [and_filters(one, option) for one in joined for option in options]
    return joined if len(joined) <= MAX_ALTERNATIVES else [where]


def _conjuncts(where: Filter) -> Iterator[Mapping[str, Any]]:
    for path, operand in where.items():
        if path == "$and" and isinstance(operand, Sequence):
            yield from (clause for each in operand for clause in _conjuncts(each))
        else:
            yield {path: operand}


def ranges_after(order: Sort, last: Sequence[Any]) -> list[Filter]:
    """Return the ranges of documents after the values ``last``, in ``order``; an absent value sorts first.

    One range after the other, not all in one ``$or``: each is a stretch of the index, and a page reads no more than it
    shows, however far it lies from the first.
    """
    return [
        and_filters({earlier: last[i] for i, (earlier, _) in enumerate(order[:position])}, beyond)
        for position, (path, direction) in reversed(list(enumerate(order)))
        for beyond in _beyond(path, direction, last[position])
    ]


def _beyond(path: str, direction: int, last: object) -> list[Filter]:
    if direction > 0:
        return [{path: {"$ne": None} if last is None else {"$gt": last}}]
    return [] if last is None else [{path: {"$lt": last}}, {path: None}]


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


def _sort_value(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
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
