"""Selection: the cases of a batch ranked, the result kept with all that it was made from (V8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from messages.digests import digest_of
from messages.review import Outcome
from messages.values import Level, Reason, UnitType
from rulebook import reason, rules_of
from rulebook.ranking import Entry, Line, rank

from review.domain.case import RANKABLE, Case, State
from review.domain.closing import closed
from review.domain.record import Step


@dataclass(frozen=True)
class Batch:
    """The cases of one level and year."""

    batch_id: str
    level: Level
    batch_year: int
    seed: str
    """For every lot drawn in the batch; fixed when its first case is forwarded."""


def batch_id(level: Level, batch_year: int) -> str:
    return f"{level}-{batch_year}"


def batch_begun_by(case: Case) -> Batch:
    """The seed rests on the record of the first case forwarded, which nobody can choose and everybody can check."""
    name = batch_id(case.level, case.batch_year)
    return Batch(name, case.level, case.batch_year, digest_of([name, case.case_id, case.head.digest]))


@dataclass(frozen=True)
class Place:
    """One case of a ranking: what was compared, and what came out."""

    case_id: str
    unit_name: str
    uscc: str
    score: Decimal
    energy_carbon: Decimal
    submitted_at: str
    """As text, so that no storage rounds it: the ranking must come out the same again."""
    place: int | None
    outcome: str


@dataclass(frozen=True)
class Group:
    """Cases that may be compared: one unit type, one scheme version, one rule set."""

    unit_type: UnitType
    scheme: str
    rule_set: str
    pass_mark: Decimal
    cap: int | None
    lines: tuple[Place, ...]


@dataclass(frozen=True)
class BatchRanking:
    ranking_id: str
    batch: str
    level: Level
    batch_year: int
    number: int
    """From 1; a later one takes in cases that were suspended when the first was made."""
    made_on: date
    groups: tuple[Group, ...]
    digest: str = ""

    def selected(self, unit_type: UnitType, scheme: str) -> int:
        lines = (
            line for each in self.groups if (each.unit_type, each.scheme) == (unit_type, scheme) for line in each.lines
        )
        return sum(line.outcome == "selected" for line in lines)


def unfinished(cases: Iterable[Case]) -> list[Reason]:
    """Every case that the ranking must wait for."""
    return [
        reason(
            "V8",
            "batch-unfinished",
            f"{case.unit.name}尚未完成评审，不能择优排序",
            evidence=f"{case.case_id}: {case.state}",
        )
        for case in cases
        if case.state not in RANKABLE and case.suspended_by is None
    ]


def ranked(batch: Batch, cases: Sequence[Case], earlier: Sequence[BatchRanking], today: date) -> BatchRanking:
    """Each comparable group by itself, best first, up to the cap that earlier rankings have left."""
    groups: dict[tuple[UnitType, str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.unit.unit_type, scheme_key(case), case.rule_set), []).append(case)
    number = len(earlier) + 1
    made = BatchRanking(
        ranking_id=f"{batch.batch_id}-{number}",
        batch=batch.batch_id,
        level=batch.level,
        batch_year=batch.batch_year,
        number=number,
        made_on=today,
        groups=tuple(_group(key, groups[key], earlier) for key in sorted(groups)),
    )
    return replace(made, digest=seal(made))


def _group(key: tuple[UnitType, str, str], cases: Sequence[Case], earlier: Sequence[BatchRanking]) -> Group:
    unit_type, scheme, rule_set = key
    selection = rules_of(rule_set).selection
    cap, taken = selection.cap[unit_type], sum(each.selected(unit_type, scheme) for each in earlier)
    left = None if cap is None else max(cap - taken, 0)
    empty = Group(unit_type, scheme, rule_set, selection.pass_mark[unit_type], left, ())
    names = {case.case_id: case.unit.name for case in cases}
    return replace(empty, lines=_places(empty, [_entry(case) for case in cases], names))


def _places(group: Group, entries: Iterable[Entry], names: Mapping[str, str]) -> tuple[Place, ...]:
    result = rank(entries, pass_mark=group.pass_mark, cap=group.cap)
    return tuple(_place(line, names[line.entry.case_id]) for line in result.lines)


def _place(line: Line, name: str) -> Place:
    entry = line.entry
    return Place(
        case_id=entry.case_id,
        unit_name=name,
        uscc=entry.uscc,
        score=entry.score,
        energy_carbon=entry.energy_carbon,
        submitted_at=entry.submitted_at.astimezone(UTC).isoformat(),
        place=line.place,
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
        failed_vetoes=case.score.failed_vetoes,
    )


def seal(ranking: BatchRanking) -> str:
    values = asdict(replace(ranking, digest=""))
    return digest_of(_plain(values))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def reproduces(ranking: BatchRanking) -> bool:
    """Whether the kept inputs give the kept result once more, and neither was touched."""
    return ranking.digest == seal(ranking) and all(_again(each) == each.lines for each in ranking.groups)


def _again(group: Group) -> tuple[Place, ...]:
    entries = [
        Entry(
            case_id=line.case_id,
            unit_type=group.unit_type.value,
            scheme=group.scheme,
            score=line.score,
            energy_carbon=line.energy_carbon,
            submitted_at=datetime.fromisoformat(line.submitted_at),
            uscc=line.uscc,
            failed_vetoes=("failed",) if line.outcome == "failed_veto" else (),
        )
        for line in group.lines
    ]
    return _places(group, entries, {line.case_id: line.unit_name for line in group.lines})


def settled(case: Case, ranking: BatchRanking, today: date) -> Step:
    """What the ranking means for one case: selected, or the end of it."""
    group, line = next(
        (group, each) for group in ranking.groups for each in group.lines if each.case_id == case.case_id
    )
    if line.outcome == "selected":
        return _selected(case, ranking, line)
    outcome, why = _not_selected(group, line)
    return closed(case, outcome, (why,), today)


def _selected(case: Case, ranking: BatchRanking, line: Place) -> Step:
    return Step(
        replace(case, state=State.RANKED, place=line.place),
        what="ranked",
        rule="V8",
        why="达到合格分数线，择优入选公示名单",
        seen={"ranking": ranking.ranking_id, "digest": ranking.digest, "place": str(line.place)},
    )


def _not_selected(group: Group, line: Place) -> tuple[Outcome, Reason]:
    score = f"{line.score}分"
    if line.outcome == "over_cap":
        text = f"得分{score}，按择优顺序位列第{line.place}，超出名额{group.cap}个"
        return "beyond_cap", reason("V8", "beyond-cap", text, evidence=str(line.place))
    if line.outcome == "failed_veto":
        return "mandatory_item_failed", reason("V6", "mandatory-item-failed", "不符合基本要求", evidence=line.case_id)
    text = f"得分{score}，未达到合格分数线{group.pass_mark}分"
    return "below_pass_mark", reason("V8", "below-pass-mark", text, evidence=f"{line.score} < {group.pass_mark}")
