"""Which cases of a batch are selected, best first."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal

from messages.values import UnitType
from pydantic import AwareDatetime

from rulebook.types import Frozen

Outcome = Literal["selected", "beyond_cap", "below_pass_mark", "mandatory_item_failed"]


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
    ordered = sorted(entries, key=_best_first)
    kinds = {(entry.unit_type, entry.scheme) for entry in ordered}
    if len(kinds) > 1:
        raise NotComparableError(f"scores never ranked together: {', '.join(map('/'.join, sorted(kinds)))}")
    candidates = [e for e in ordered if not e.failed_mandatory_items and e.score >= pass_mark]
    others = [e for e in ordered if e.failed_mandatory_items or e.score < pass_mark]
    lines = [RankedEntry(entry=e, rank=n, outcome=_within(cap, n)) for n, e in enumerate(candidates, start=1)]
    lines += [RankedEntry(entry=e, rank=None, outcome=_why_not(e)) for e in others]
    return Ranking(pass_mark=pass_mark, cap=cap, lines=tuple(lines))


def _best_first(entry: Entry) -> tuple[Decimal, Decimal, datetime, str, str]:
    # Two parks may share the USCC of one managing body, so the case closes the order.
    return -entry.score, -entry.energy_carbon, entry.submitted_at, entry.uscc, entry.case_id


def _within(cap: int | None, rank: int) -> Outcome:
    return "selected" if cap is None or rank <= cap else "beyond_cap"


def _why_not(entry: Entry) -> Outcome:
    return "mandatory_item_failed" if entry.failed_mandatory_items else "below_pass_mark"
