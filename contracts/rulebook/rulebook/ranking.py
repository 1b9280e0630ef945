"""Which cases of a batch are selected, best first."""

import heapq
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Literal, Protocol, TypeVar

from messages.values import UnitType
from pydantic import AwareDatetime

from rulebook.types import Frozen

Outcome = Literal["selected", "beyond_cap", "below_pass_mark", "mandatory_item_failed"]
SORTED_AT_ONCE = 5000
"""Entries sorted in one call: a sort keeps the other threads of its process waiting, so a large one is merged."""


class Comparable(Protocol):
    """The values of one reviewed case that decide its rank, in whatever form a caller holds them."""

    @property
    def case_id(self) -> str: ...
    @property
    def unit_type(self) -> UnitType: ...
    @property
    def scheme(self) -> str: ...
    @property
    def score(self) -> Decimal: ...
    @property
    def energy_carbon(self) -> Decimal: ...
    @property
    def submitted_at(self) -> Any: ...  # noqa: ANN401 - an instant, or its text in UTC, which has the same order
    @property
    def uscc(self) -> str: ...
    @property
    def failed_mandatory_items(self) -> Sequence[str]: ...


C = TypeVar("C", bound=Comparable)


class Entry(Frozen):
    """The values of one reviewed case that decide its rank."""

    case_id: str
    unit_type: UnitType
    scheme: str
    """Id and version of the scheme it was scored by (Scheme.key)."""
    score: Decimal
    energy_carbon: Decimal
    submitted_at: AwareDatetime
    uscc: str
    failed_mandatory_items: tuple[str, ...] = ()


class RankedEntry(Frozen):
    entry: Entry
    rank: int | None
    """From 1 among the candidates; None for a case that is none."""
    outcome: Outcome


class Ranking(Frozen):
    """The result with all its inputs, so that it can be reproduced."""

    pass_mark: Decimal
    cap: int | None
    lines: tuple[RankedEntry, ...]

    @property
    def selected(self) -> tuple[Entry, ...]:
        return tuple(line.entry for line in self.lines if line.outcome == "selected")


class NotComparableError(ValueError):
    """Cases of different unit types or scheme versions; rank each kind by itself."""


def rank(entries: Iterable[Entry], *, pass_mark: Decimal, cap: int | None = None) -> Ranking:
    """Candidates best first up to the cap, then the others; the order of `entries` does not matter (V8)."""
    candidates, others = best_first(entries, pass_mark)
    lines = [RankedEntry(entry=e, rank=n, outcome=outcome_of(e, n, cap)) for n, e in enumerate(candidates, start=1)]
    lines += [RankedEntry(entry=e, rank=None, outcome=outcome_of(e, None, cap)) for e in others]
    return Ranking(pass_mark=pass_mark, cap=cap, lines=tuple(lines))


def best_first(entries: Iterable[C], pass_mark: Decimal) -> tuple[list[C], list[C]]:
    """Return the candidates and the others, each best first (V8)."""
    ordered = _sorted(entries)
    if len(kinds := {(entry.unit_type, entry.scheme) for entry in ordered}) > 1:
        raise NotComparableError(f"scores never ranked together: {', '.join(map('/'.join, sorted(kinds)))}")
    candidates, others = list[C](), list[C]()
    for entry in ordered:
        (candidates if is_candidate(entry, pass_mark) else others).append(entry)
    return candidates, others


def is_candidate(entry: Comparable, pass_mark: Decimal) -> bool:
    return not entry.failed_mandatory_items and entry.score >= pass_mark


def order_key(entry: Comparable) -> tuple[Decimal, Decimal, Any, str, str]:
    """Return the key that sorts the best first."""
    # Two parks may share the USCC of one managing body, so the case closes the order.
    return -entry.score, -entry.energy_carbon, entry.submitted_at, entry.uscc, entry.case_id


def outcome_of(entry: Comparable, place: int | None, cap: int | None) -> Outcome:
    """Return the outcome of a candidate at its place, or of a case that is none."""
    if place is not None:
        return "selected" if cap is None or place <= cap else "beyond_cap"
    return "mandatory_item_failed" if entry.failed_mandatory_items else "below_pass_mark"


def _sorted(entries: Iterable[C]) -> list[C]:
    rest = iter(entries)
    parts = list[list[C]]()
    while part := sorted(islice(rest, SORTED_AT_ONCE), key=order_key):
        parts.append(part)
    return parts[0] if len(parts) == 1 else list(heapq.merge(*parts, key=order_key))
