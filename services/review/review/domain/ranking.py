"""Selection: ranks the cases of a batch; the result holds everything it was made from (V8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal

from messages.digests import canonical_digest
from messages.review import Outcome, Stage
from messages.values import Level, Reason, UnitType
from rulebook import RuleSet, reason

from review.domain import forwarding
from review.domain.case import RANKABLE, Case
from review.domain.closing import close_case
from review.domain.group import RankedCase, RankingGroup, group_by_kind, recompute_caps, within_caps
from review.domain.record import Transition
from review.domain.refusals import malformed


@dataclass(frozen=True)
class Batch:
    """The cases of one level and year."""

    batch_id: str
    level: Level
    batch_year: int
    seed: str
    """The seed of every lot in the batch; fixed when its first case is forwarded."""


def batch_id(level: Level, batch_year: int) -> str:
    return f"{level}-{batch_year}"


def new_batch(case: Case) -> Batch:
    """Derive the seed from the record of the first case forwarded: nobody can choose it, everybody can check it."""
    name = batch_id(case.level, case.batch_year)
    return Batch(name, case.level, case.batch_year, canonical_digest([name, case.case_id, case.head.digest]))


@dataclass(frozen=True)
class RepeatEvaluationDecision:
    """The decision of the evaluating department to evaluate once more in the year (Art. 16)."""

    document_number: str
    decided_on: date


@dataclass(frozen=True)
class RankingTerms:
    """The terms of a ranking, beside the cases it compares."""

    early_reason: str = ""
    """The region's reason for ranking while cases could still be forwarded; empty where it waited."""
    decision: RepeatEvaluationDecision | None = None
    """None for the year's evaluation and the cases suspended then (A7)."""
    suspended_cases: tuple[str, ...] = ()
    """Cases suspended at the time: a later ranking takes them in, as part of the same evaluation."""


DEFAULT_TERMS = RankingTerms()


@dataclass(frozen=True)
class BatchRanking:
    ranking_id: str
    batch: str
    level: Level
    batch_year: int
    number: int
    """From 1."""
    made_on: date
    groups: tuple[RankingGroup, ...]
    digest: str = ""
    early_reason: str = ""
    decision: RepeatEvaluationDecision | None = None
    suspended_cases: tuple[str, ...] = ()

    @property
    def case_ids(self) -> set[str]:
        return {line.case_id for group in self.groups for line in group.lines}


def unfinished_cases(cases: Iterable[Case]) -> list[Reason]:
    """Return a reason for every case that the ranking must wait for."""
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


def forwarding_open(batch_year: int, rules: Iterable[RuleSet], today: date) -> Reason | None:
    """Return why it is too early: until the last day of forwarding better cases may still come."""
    last_day = max(forwarding.last_day(batch_year, each).last_day for each in rules)
    if today > last_day:
        return None
    text = f"{last_day.isoformat()}前仍可上报，提前择优排序的，应当说明理由"
    return reason("V8", "forwarding-open", text, evidence=f"{today} <= {last_day}", pointer="/early_reason")


def repeat_evaluation_reason(
    cases: Iterable[Case], earlier: Sequence[BatchRanking], rules: Iterable[RuleSet]
) -> Reason | None:
    """Return why a decision is due: the year's evaluations are done and cases not suspended then are compared (A7)."""
    allowed = min(each.batches.per_year for each in rules)
    waited = {case_id for each in earlier for case_id in each.suspended_cases}
    new = [case.case_id for case in cases if case.case_id not in waited]
    if not new or _evaluations(earlier) < allowed:
        return None
    text = f"同一级别原则上每年评价{allowed}次；再次评价的，应当写明自治区工业和信息化厅所作决定的文号和日期"
    return reason("A7", "evaluated-already", text, evidence=", ".join(new), pointer="/decision")


def _evaluations(earlier: Iterable[BatchRanking]) -> int:
    """Count the rankings that compare more than cases suspended in an earlier one."""
    waited, held = set[str](), 0
    for each in earlier:
        held += not each.case_ids <= waited
        waited |= set(each.suspended_cases)
    return held


def require_past_decision(decision: RepeatEvaluationDecision, today: date) -> None:
    """Raise for a decision that is still to come."""
    if decision.decided_on > today:
        wrong = decision.decided_on.isoformat()
        raise malformed(reason("A7", "decision-in-future", "决定日期不得晚于今日", wrong, "/decision/decided_on"))


def rank_cases(
    batch: Batch,
    cases: Iterable[Case],
    earlier: Sequence[BatchRanking],
    today: date,
    terms: RankingTerms = DEFAULT_TERMS,
) -> BatchRanking:
    """Rank each comparable group, best first, up to its share of the cap that earlier rankings have left."""
    number = len(earlier) + 1
    made = BatchRanking(
        ranking_id=f"{batch.batch_id}-{number}",
        batch=batch.batch_id,
        level=batch.level,
        batch_year=batch.batch_year,
        number=number,
        made_on=today,
        groups=within_caps(group_by_kind(cases), _taken(earlier)),
        early_reason=terms.early_reason,
        decision=terms.decision,
        suspended_cases=terms.suspended_cases,
    )
    return replace(made, digest=seal(made))


def _taken(earlier: Iterable[BatchRanking]) -> Counter[UnitType]:
    taken = Counter[UnitType]()
    for group in (group for each in earlier for group in each.groups):
        taken[group.unit_type] += group.selected
    return taken


def seal(ranking: BatchRanking) -> str:
    return canonical_digest(_plain(asdict(replace(ranking, digest=""))))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def verify_ranking(ranking: BatchRanking) -> bool:
    """Whether the stored inputs reproduce the stored result, and neither was changed."""
    return ranking.digest == seal(ranking) and recompute_caps(ranking.groups) == ranking.groups


def apply_ranking(case: Case, ranking: BatchRanking, today: date) -> Transition:
    """Apply the ranking to one case: selected, or the end of it."""
    group, line = next(
        (group, each) for group in ranking.groups for each in group.lines if each.case_id == case.case_id
    )
    if line.outcome == "selected":
        return _selected(case, ranking, line)
    outcome, why = _not_selected(group, line)
    return close_case(case, outcome, (why,), today)


def _selected(case: Case, ranking: BatchRanking, line: RankedCase) -> Transition:
    seen = {"ranking": ranking.ranking_id, "digest": ranking.digest, "rank": str(line.rank)}
    early = {"early": ranking.early_reason} if ranking.early_reason else {}
    decided = {"decision": f"{one.document_number} {one.decided_on}"} if (one := ranking.decision) else {}
    return Transition(
        replace(case, state=Stage.RANKED, rank=line.rank),
        action="ranked",
        rule="V8",
        reason="达到合格分数线，择优入选公示名单",
        evidence=seen | early | decided,
    )


def _not_selected(group: RankingGroup, line: RankedCase) -> tuple[Outcome, Reason]:
    score = f"{line.score}分"
    if line.outcome == "beyond_cap":
        text = f"得分{score}，按择优顺序位列第{line.rank}，超出名额{group.cap}个"
        return "beyond_cap", reason("V8", "beyond-cap", text, evidence=str(line.rank))
    if line.outcome == "mandatory_item_failed":
        return "mandatory_item_failed", reason("V6", "mandatory-item-failed", "不符合基本要求", evidence=line.case_id)
    text = f"得分{score}，未达到合格分数线{group.pass_mark}分"
    return "below_pass_mark", reason("V8", "below-pass-mark", text, evidence=f"{line.score} < {group.pass_mark}")
