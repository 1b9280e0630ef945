"""Explains a noted query on ten thousand documents, and names what it wastes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.persistence.query import values_at

from tests.queries.notes import NotedCollection, NotedQuery

SPARE = 50
"""Documents that a query may read beside twice those it returns; for a page of few the server does not choose long."""
SORTED_AT_MOST = 100
"""Documents that may be sorted in memory: those of one unit or one case, never a part of all."""
RETURNED_AT_MOST = 1_000
"""Documents that a query without a limit may return of ten thousand."""


@dataclass(frozen=True)
class Figures:
    """Counts of the server for one query."""

    scanned: bool
    sorted: int
    examined: int
    returned: int

    def wastes(self, query: NotedQuery) -> list[str]:
        found = []
        if self.scanned:
            found.append("scans the collection")
        if self.sorted > SORTED_AT_MOST:
            found.append(f"sorts {self.sorted} in memory")
        if self.examined > 2 * self.returned + SPARE:
            found.append(f"reads {self.examined} for {self.returned}")
        if query.act == "find" and not query.limit and self.returned > RETURNED_AT_MOST:
            found.append(f"returns {self.returned} at once")
        return found


def examples(query: NotedQuery, documents: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The filter as noted, and with the values of three of the documents in place of its own."""
    yield query.where
    for share in (0.02, 0.5, 0.98):
        ordered = documents if not query.sort else sorted(documents, key=lambda each: _sort_key(each, query.sort[0][0]))
        yield _with_values_of(ordered[int(len(ordered) * share)], query.where)


def _sort_key(document: Mapping[str, Any], path: str) -> tuple[str, str]:
    value = next(iter(values_at(document, path)), None)
    return type(value).__name__, value.isoformat() if isinstance(value, datetime) else str(value)


def _with_values_of(document: Mapping[str, Any], where: Mapping[str, Any]) -> dict[str, Any]:
    return {path: _operand(document, path, operand) for path, operand in where.items()}


def _operand(document: Mapping[str, Any], path: str, operand: Any) -> Any:  # noqa: ANN401 - a filter holds any value
    if path in {"$and", "$or"}:
        return [_with_values_of(document, each) for each in operand]
    if path == "$expr":
        return operand
    if isinstance(operand, Mapping) and any(name.startswith("$") for name in operand):
        return {name: _value(document, path, each, name) for name, each in operand.items()}
    return _value(document, path, operand, "$eq")


def _value(document: Mapping[str, Any], path: str, noted: Any, operator: str) -> Any:  # noqa: ANN401
    """The document's own value, where it is of the noted one's type."""
    if operator in {"$exists", "$ne", "$nin"} or noted is None or isinstance(noted, bool):
        return noted
    own = next(iter(values_at(document, path)), None)
    if operator == "$in":
        return [own, *noted[1:]] if own is not None and not isinstance(own, list) else noted
    return own if type(own) is type(noted) else noted


async def explain(database: Any, collection: NotedCollection, query: NotedQuery, where: Mapping[str, Any]) -> Figures:  # noqa: ANN401
    command: dict[str, Any] = {"find": collection.name, "filter": where}
    if query.sort:
        command["sort"] = dict(query.sort)
    if query.limit:
        command["limit"] = query.limit
    told = await database.command({"explain": command, "verbosity": "executionStats"})
    stages = [*_stages(told["executionStats"]["executionStages"])]
    return Figures(
        scanned=any(each["stage"] == "COLLSCAN" for each in stages),
        sorted=max((_input(each) for each in stages if each["stage"] == "SORT"), default=0),
        examined=told["executionStats"]["totalDocsExamined"],
        returned=told["executionStats"]["nReturned"],
    )


def _stages(stage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield stage
    for inner in (*stage.get("inputStages", ()), *([stage["inputStage"]] if "inputStage" in stage else ())):
        yield from _stages(inner)


def _input(stage: Mapping[str, Any]) -> int:
    return int(stage["inputStage"]["nReturned"])
