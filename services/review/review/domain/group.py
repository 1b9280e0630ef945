"""Cases that may be compared with each other, ranked, and how many of each kind a batch may select (V8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby

from messages.values import UnitType
from rulebook import rules_of, star_counts
from rulebook.ranking import Entry, RankedEntry, rank

from review.domain.case import Case


@dataclass(frozen=True)
class RankedCase:
    """One case of a ranking: the values compared, and the outcome."""

    case_id: str
    unit_name: str
    uscc: str
    score: Decimal
    energy_carbon: Decimal
    submitted_at: str
    """As text, so that no storage rounds it: the ranking must come out the same again."""
    rank: int | None
    outcome: str


@dataclass(frozen=True)
class RankingGroup:
    """Cases that may be compared: one unit type, one scheme version, one rule set."""

    unit_type: UnitType
    scheme: str
    rule_set: str
    pass_mark: Decimal
    cap: int | None
    """Its share of the batch's cap for the unit type."""
    lines: tuple[RankedCase, ...]

    @property
    def candidates(self) -> int:
        return sum(line.rank is not None for line in self.lines)

    @property
    def selected(self) -> int:
        return sum(line.outcome == "selected" for line in self.lines)


def group_by_kind(cases: Iterable[Case]) -> list[RankingGroup]:
    """Return the cases in groups of their kind, best first, without caps."""
    kinds: dict[tuple[UnitType, str, str], list[Case]] = {}
    for case in cases:
        kinds.setdefault((case.unit.unit_type, scheme_key(case), case.rule_set), []).append(case)
    return [_group(kind, kinds[kind]) for kind in sorted(kinds)]


def _group(kind: tuple[UnitType, str, str], cases: Sequence[Case]) -> RankingGroup:
    unit_type, scheme, rule_set = kind
    empty = RankingGroup(unit_type, scheme, rule_set, rules_of(rule_set).selection.pass_mark[unit_type], None, ())
    names = {case.case_id: case.unit.name for case in cases}
    return replace(empty, lines=_ranked_cases(empty, [_entry(case) for case in cases], names))


def within_caps(groups: Iterable[RankingGroup], taken: Mapping[UnitType, int]) -> tuple[RankingGroup, ...]:
    """Apply the batch's cap for a unit type: its groups share what earlier rankings have left of it."""
    return tuple(each for same in _by_type(groups) for each in _share_cap(same, _remaining_places(same, taken)))


def recompute_caps(groups: Iterable[RankingGroup]) -> tuple[RankingGroup, ...]:
    """Recompute the groups from their stored inputs: share the caps of each unit type once more."""
    return tuple(each for same in _by_type(groups) for each in _share_cap(same, _total_cap(same)))


def _by_type(groups: Iterable[RankingGroup]) -> list[list[RankingGroup]]:
    return [list(same) for _, same in groupby(groups, key=lambda each: each.unit_type)]


def _remaining_places(same: Sequence[RankingGroup], taken: Mapping[UnitType, int]) -> int | None:
    """Return the cap left: no rule set allows more than its own cap, so the lowest one holds."""
    unit_type = same[0].unit_type
    caps = [rules_of(each.rule_set).selection.cap[unit_type] for each in same]
    lowest = min((cap for cap in caps if cap is not None), default=None)
    return None if lowest is None else max(lowest - taken.get(unit_type, 0), 0)


def _total_cap(same: Sequence[RankingGroup]) -> int | None:
    caps = [each.cap for each in same if each.cap is not None]
    return sum(caps) if caps else None


def _share_cap(same: Sequence[RankingGroup], places: int | None) -> list[RankingGroup]:
    """Share the cap by number of candidates (scores of two schemes do not compare); ties to the newest scheme."""
    if places is None:
        return [_with_cap(each, None) for each in same]
    candidates = {number: each.candidates for number, each in enumerate(same)}
    shares = star_counts(places, candidates if any(candidates.values()) else dict.fromkeys(candidates, 1))
    return [_with_cap(each, shares[number]) for number, each in enumerate(same)]


def _with_cap(group: RankingGroup, cap: int | None) -> RankingGroup:
    entries = [_entry_of_line(group, line) for line in group.lines]
    names = {line.case_id: line.unit_name for line in group.lines}
    capped = replace(group, cap=cap)
    return replace(capped, lines=_ranked_cases(capped, entries, names))


def _ranked_cases(group: RankingGroup, entries: Iterable[Entry], names: Mapping[str, str]) -> tuple[RankedCase, ...]:
    result = rank(entries, pass_mark=group.pass_mark, cap=group.cap)
    return tuple(_ranked_case(line, names[line.entry.case_id]) for line in result.lines)


def _ranked_case(line: RankedEntry, name: str) -> RankedCase:
    entry = line.entry
    return RankedCase(
        case_id=entry.case_id,
        unit_name=name,
        uscc=entry.uscc,
        score=entry.score,
        energy_carbon=entry.energy_carbon,
        submitted_at=entry.submitted_at.astimezone(UTC).isoformat(),
        rank=line.rank,
        outcome=line.outcome,
    )


def scheme_key(case: Case) -> str:
    return f"{case.dossier.scheme.id}@{case.dossier.scheme.version}"


def _entry(case: Case) -> Entry:
    if case.score is None:
        raise ValueError(f"{case.case_id} has no score to be ranked by")
    return Entry(
        case_id=case.case_id,
        unit_type=case.unit.unit_type.value,
        scheme=scheme_key(case),
        score=case.score.total,
        energy_carbon=case.score.energy_carbon,
        submitted_at=case.dossier.submitted_at,
        uscc=case.unit.uscc,
        failed_mandatory_items=case.score.failed_mandatory_items,
    )


def _entry_of_line(group: RankingGroup, line: RankedCase) -> Entry:
    return Entry(
        case_id=line.case_id,
        unit_type=group.unit_type.value,
        scheme=group.scheme,
        score=line.score,
        energy_carbon=line.energy_carbon,
        submitted_at=datetime.fromisoformat(line.submitted_at),
        uscc=line.uscc,
        failed_mandatory_items=("failed",) if line.outcome == "mandatory_item_failed" else (),
    )
