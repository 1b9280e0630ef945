"""Ten thousand documents from a few examples: each value varied as much as it varies in a season of the region."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from bson import ObjectId
from chassis.persistence import Index
from messages.values import Prefecture

COUNT = 10_000
ASSESSORS, UNITS, PERSONS, EXPERTS = 1_333, 8_000, 1_000, 300
YEARS = 10
PREFECTURES = tuple(map(str, Prefecture))
LONGEST_LIST = 5
FIRST_DAY = date(2024, 1, 1)
DAYS = 1_000
DONE = frozenset({"sent"})
"""Flags that are false for what waits only, one in ``RARE``."""
WAITING = ("settling.due",)
"""Ends of paths that hold a value only where something waits, one in ``RARE``."""
RARE = 100
FEW = frozenset(
    {"rule_set", "scheme", "role", "template", "event_type", "type", "consumer", "step", "policy", "method"}
)
"""Names of fields with few values, whatever these look like."""

_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WORD = re.compile(r"[a-z]+(?:[_-][a-z]+)*")
_NO_DAY = ("9999-", "0001-")


@dataclass
class Variation:
    """Varies the examples of one collection, of which it leaves only the paths that queries and indexes name."""

    examples: Sequence[Mapping[str, Any]]
    paths: Collection[str]
    random: Random = field(default_factory=lambda: Random(8))  # noqa: S311 - no secret
    _seen: dict[str, dict[Any, None]] = field(default_factory=dict)
    _example: Any = None
    _identity: Any = None

    def documents(self, count: int = COUNT) -> list[dict[str, Any]]:
        kept = [self._project(each, "") for each in self.examples]
        for example in kept:
            self._collect(example, "")
        return [self._document(kept[number % len(kept)], number) for number in range(count)]

    def _document(self, example: Mapping[str, Any], number: int) -> dict[str, Any]:
        """Vary one example; a field that names the document itself follows its ``_id``."""
        self._example, self._identity = example["_id"], _identifier(example["_id"], number)
        varied: dict[str, Any] = self._vary(example, "", number)
        return varied

    def _project(self, value: Any, path: str) -> Any:  # noqa: ANN401
        if isinstance(value, Mapping):
            named = {name: _join(path, name) for name in value}
            return {name: self._project(value[name], at) for name, at in named.items() if self._is_named(at)}
        return [self._project(each, path) for each in value[:LONGEST_LIST]] if isinstance(value, list) else value

    def _is_named(self, path: str) -> bool:
        return path == "_id" or any(
            each == path or each.startswith(f"{path}.") or path.startswith(f"{each}.") for each in self.paths
        )

    def _collect(self, value: Any, path: str) -> None:  # noqa: ANN401
        if isinstance(value, Mapping):
            for name, each in value.items():
                self._collect(each, _join(path, name))
        elif isinstance(value, list):
            for each in value:
                self._collect(each, path)
        elif value is not None and not isinstance(value, bytes):
            self._seen.setdefault(path, {})[value] = None

    def _vary(self, value: Any, path: str, number: int) -> Any:  # noqa: ANN401
        if isinstance(value, Mapping):
            return {name: self._vary(each, _join(path, name), number) for name, each in value.items()}
        if isinstance(value, list):
            return [self._vary(each, path, number) for each in value]
        if value == self._example:
            return self._identity
        return self._vary_value(value, path, number)

    def _vary_value(self, value: Any, path: str, number: int) -> Any:  # noqa: ANN401
        if path in DONE:
            return number % RARE != 0
        if path.endswith(WAITING) and number % RARE:
            return None
        if isinstance(value, str):
            return self._vary_text(value, path, number)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._vary_number(value, path)
        if isinstance(value, datetime):
            return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.random.randrange(DAYS * 86400))
        return value

    def _vary_number(self, value: int, path: str) -> int:
        if 2000 <= value <= 2100:
            return 2020 + self.random.randrange(YEARS)
        name = path.rsplit(".", 1)[-1]
        return self.random.randrange(COUNT) if name in {"number", "rank", "n"} else self._one_seen(path)

    def _vary_text(self, value: str, path: str, number: int) -> str:  # noqa: PLR0911 - one line a kind
        name = path.rsplit(".", 1)[-1]
        if value in PREFECTURES:
            return self.random.choice(PREFECTURES)
        if _USCC.fullmatch(value):
            return _numbered("9115", self.random.randrange(ASSESSORS if "assessor" in path else UNITS), 18)
        if _DIGEST.fullmatch(value):
            return _numbered("", self.random.randrange(PERSONS if "person" in path or "repr" in path else COUNT), 64)
        if name in FEW or _WORD.fullmatch(value) or value.startswith(_NO_DAY) or not value:
            return str(self._one_seen(path))
        if _DAY.fullmatch(value):
            return (FIRST_DAY + timedelta(days=self.random.randrange(DAYS))).isoformat()
        if "expert" in path:
            return f"expert-{self.random.randrange(EXPERTS)}"
        return f"{value[:12]}-{self._group_of(name, number):06d}"

    def _group_of(self, name: str, number: int) -> int:
        """Ten documents share the identifier of something else, as the records of a case do."""
        return number // 10 if name.endswith("_id") or name in {"batch", "holder", "subject"} else number

    def _one_seen(self, path: str) -> Any:  # noqa: ANN401
        return self.random.choice(list(self._seen[path]))


def _identifier(example: Any, number: int) -> Any:  # noqa: ANN401
    return ObjectId(f"{number:024x}") if isinstance(example, ObjectId) else f"{example}-{number:06d}"


def named_paths(queries: Iterable[Mapping[str, Any]], sorts: Iterable[str], indexes: Iterable[Index]) -> set[str]:
    """Every path that a filter, a sort order or an index names."""
    found = {path for where in queries for path in paths_of(where)} | {*sorts}
    for index in indexes:
        found |= {path for path, _ in index.keys} | {*(index.partial or {})}
    return {re.sub(r"\.\d+(?=\.|$)", "", path) for path in found}


def paths_of(where: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for path, operand in where.items():
        if path in {"$and", "$or"}:
            found |= {each for part in operand for each in paths_of(part)}
        elif path == "$expr":
            found |= {each[1:] for each in re.findall(r"'(\$[a-z_][a-z_.]*)'", repr(operand)) if each != "$$NOW"}
        else:
            found.add(path)
    return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _numbered(front: str, number: int, length: int) -> str:
    return f"{front}{number:0{length - len(front)}d}"
