"""The notes of a test run: queries by service and collection, with examples of the documents stored there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import json_util
from devkit.query_log import EXAMPLES, Act, form, shape


@dataclass(frozen=True)
class NotedQuery:
    """One shape of a query with an example of its values, and the line that asked it."""

    where: Mapping[str, Any]
    sort: tuple[tuple[str, int], ...]
    limit: int
    act: Act
    place: str

    @property
    def shape(self) -> str:
        order = ", ".join(f"{path} {'up' if direction > 0 else 'down'}" for path, direction in self.sort)
        return f"{self.act} {shape(self.where)}{f' by {order}' if order else ''}{' limited' if self.limit else ''}"


@dataclass(frozen=True)
class NotedCollection:
    """A collection with all that was asked of it."""

    service: str
    name: str
    documents: Sequence[Mapping[str, Any]]
    queries: Sequence[NotedQuery]


def read(folder: Path) -> list[NotedCollection]:
    """Read the notes of all processes; each shape and each form of a document counts once."""
    documents: dict[tuple[str, str], dict[frozenset[str], Mapping[str, Any]]] = {}
    queries: dict[tuple[str, str], dict[str, NotedQuery]] = {}
    for note in _notes(folder):
        key = (note["service"], note["collection"])
        if "document" in note:
            documents.setdefault(key, {}).setdefault(form(note["document"]), note["document"])
        else:
            asked = note["query"]
            sort = tuple((path, int(direction)) for path, direction in asked["sort"])
            query = NotedQuery(asked["where"], sort, int(asked["limit"]), asked["act"], note["place"])
            queries.setdefault(key, {}).setdefault(query.shape, query)
    return [
        NotedCollection(*key, [*documents.get(key, {}).values()][:EXAMPLES], [*asked.values()])
        for key, asked in sorted(queries.items())
    ]


def _notes(folder: Path) -> Iterator[Mapping[str, Any]]:
    for file in sorted(folder.glob("*.jsonl")):
        yield from map(json_util.loads, file.read_text(encoding="utf-8").splitlines())
