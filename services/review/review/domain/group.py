"""Cases that may be compared with each other, ranked, and how many of each kind a batch may select (V8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from itertools import groupby

from messages.digests import canonical_digest
from messages.values import UnitType
from rulebook import rules_of, star_counts
from rulebook.ranking import best_first, outcome_of

from review.domain.case import Case


@dataclass(frozen=True, order=True, slots=True)
class Kind:
    """Whatever cases must have in common to be compared: unit type, scheme version, rule set."""

    unit_type: UnitType
    scheme: str
    rule_set: str


@dataclass(frozen=True, slots=True)
class RankingLine:
    """One case of a ranking: the values compared, and its place and outcome once it is ranked."""

    act: str
    """The act that collected it."""
    case_id: str
    case_version: int
    """The version of the case that was compared; a case that changed before the ranking reached it is left out."""
    unit_name: str
    uscc: str
    unit_type: UnitType
    scheme: str
    rule_set: str
    score: Decimal
    energy_carbon: Decimal
    submitted_at: str
    """As text, so that no storage rounds it: the ranking must come out the same again."""
    failed_mandatory_items: tuple[str, ...]
    position: int | None = None
    """The place of the line in the whole ranking, from 1."""
    rank: int | None = None
    outcome: str = ""
    left_out: str | None = None
    """Why the outcome was not applied: the case changed meanwhile, and a later ranking takes it in."""

    @property
    def key(self) -> str:
        return line_key(self.act, self.case_id)

    @property
    def kind(self) -> Kind:
        return Kind(self.unit_type, self.scheme, self.rule_set)

    def seal(self) -> str:
        """Return the digest of the values compared, the place and the outcome."""
        compared = [self.case_id, self.case_version, self.unit_name, self.uscc, self.unit_type.value, self.scheme]
        values = [self.rule_set, format(self.score, "f"), format(self.energy_carbon, "f"), self.submitted_at]
        return canonical_digest(
            [*compared, *values, self.failed_mandatory_items, self.position, self.rank, self.outcome]
        )


@dataclass(frozen=True)
class RankingGroup:
    """Cases that may be compared: one unit type, one scheme version, one rule set."""

    unit_type: UnitType
    scheme: str
    rule_set: str
    pass_mark: Decimal
    cap: int | None
    """Its share of the batch's cap for the unit type."""
    compared: int
    candidates: int
    """Cases at or over the pass mark with no mandatory item failed."""

    @property
    def kind(self) -> Kind:
        return Kind(self.unit_type, self.scheme, self.rule_set)

    @property
    def selected(self) -> int:
        return self.candidates if self.cap is None else min(self.cap, self.candidates)


def line_key(act: str, case_id: str) -> str:
    return f"{act}:{case_id}"


def line_of(case: Case, act: str, version: int) -> RankingLine:
    """Return the values by which a case is ranked."""
    if case.score is None:
        raise ValueError(f"{case.case_id} has no score to be ranked by")
    return RankingLine(
        act=act,
        case_id=case.case_id,
        case_version=version,
        unit_name=case.unit.name,
        uscc=case.unit.uscc,
        unit_type=case.unit.unit_type,
        scheme=scheme_key(case),
        rule_set=case.rule_set,
        score=case.score.total,
        energy_carbon=case.score.energy_carbon,
        submitted_at=case.dossier.submitted_at.astimezone(UTC).isoformat(),
        failed_mandatory_items=case.score.failed_mandatory_items,
    )


def scheme_key(case: Case) -> str:
    return f"{case.dossier.scheme.id}@{case.dossier.scheme.version}"


def rank_lines(
    lines: Iterable[RankingLine], taken: Mapping[UnitType, int]
) -> tuple[tuple[RankingGroup, ...], list[RankingLine]]:
    """Return the groups, and every line in its place; a kind is ranked by itself, best first, under its cap."""
    kinds: dict[Kind, list[RankingLine]] = {}
    for line in lines:
        kinds.setdefault(line.kind, []).append(line)
    uncapped, ordered = list[RankingGroup](), list[tuple[list[RankingLine], list[RankingLine]]]()
    for kind in sorted(kinds):
        pass_mark = rules_of(kind.rule_set).selection.pass_mark[kind.unit_type]
        candidates, others = best_first(kinds.pop(kind), pass_mark)
        count = len(candidates) + len(others)
        uncapped.append(
            RankingGroup(kind.unit_type, kind.scheme, kind.rule_set, pass_mark, None, count, len(candidates))
        )
        ordered.append((candidates, others))
    groups = within_caps(uncapped, taken)
    placed = list[RankingLine]()
    for group, (candidates, others) in zip(groups, ordered, strict=True):
        placed += _place(candidates, others, group, len(placed))
    return groups, placed


def _place(
    candidates: Sequence[RankingLine], others: Sequence[RankingLine], group: RankingGroup, before: int
) -> list[RankingLine]:
    return [
        replace(line, position=before + number, rank=place, outcome=outcome_of(line, place, group.cap))
        for number, line in enumerate([*candidates, *others], start=1)
        for place in [number if number <= len(candidates) else None]
    ]


def within_caps(groups: Iterable[RankingGroup], taken: Mapping[UnitType, int]) -> tuple[RankingGroup, ...]:
    """Apply the batch's cap for a unit type: its groups share what earlier rankings have left of it."""
    return _share_caps(groups, lambda same: _remaining_places(same, taken))


def recompute_caps(groups: Iterable[RankingGroup]) -> tuple[RankingGroup, ...]:
    """Share the caps of each unit type once more, as they were shared when the ranking was made."""
    return _share_caps(groups, _total_cap)


def _share_caps(
    groups: Iterable[RankingGroup], places: Callable[[Sequence[RankingGroup]], int | None]
) -> tuple[RankingGroup, ...]:
    by_type = (list(same) for _, same in groupby(groups, key=lambda group: group.unit_type))
    return tuple(each for same in by_type for each in _share_cap(same, places(same)))


def _remaining_places(same: Sequence[RankingGroup], taken: Mapping[UnitType, int]) -> int | None:
    """Return the places left; of several rule sets' caps the lowest holds, because the batch is one (G2)."""
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
        return [replace(each, cap=None) for each in same]
    candidates = {number: each.candidates for number, each in enumerate(same)}
    shares = star_counts(places, candidates if any(candidates.values()) else dict.fromkeys(candidates, 1))
    return [replace(each, cap=shares[number]) for number, each in enumerate(same)]
