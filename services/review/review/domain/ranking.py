"""Selection: ranks the cases of a batch; the result holds everything it was made from (V8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from messages.review import Outcome, Stage
from messages.values import Level, Reason, UnitType
from rulebook import RuleSet, reason

from review.domain import forwarding
from review.domain.case import RANKABLE, STAGE_TEXTS, Case
from review.domain.closing import close_case
from review.domain.group import RankingGroup, RankingLine, line_key
from review.domain.record import Audience, Transition
from review.domain.refusals import malformed


@dataclass(frozen=True)
class Batch:
    """The cases of one level and year."""

    batch_id: str
    level: Level
    batch_year: int
    seed: str
    """The seed of every lot until it is revealed; secret, and fixed by the commitment published for it (V7)."""
    committed_on: date
    draw: int = 1
    """The number of the seed, from 1."""
    act: str | None = None
    """The act on the whole batch that is under way: one at a time."""


def batch_id(level: Level, batch_year: int) -> str:
    return f"{level}-{batch_year}"


def ranking_id(batch: str, number: int) -> str:
    return f"{batch}-{number}"


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
    """None for the year's evaluation and the cases that waited since (A7)."""


DEFAULT_TERMS = RankingTerms()


@dataclass(frozen=True)
class WaitingCase:
    """A case that belongs to an evaluation and missed its ranking: a later one takes it in without a decision (A7)."""

    act: str
    batch: str
    case_id: str
    why: Literal["suspended", "changed"]
    """``changed``: between the moment its values were collected and the one at which the ranking reached it."""

    @property
    def key(self) -> str:
        return line_key(self.act, self.case_id)

    @property
    def suspended(self) -> bool:
        return self.why == "suspended"


@dataclass(frozen=True)
class BatchRanking:
    """One ranking of a batch; its lines are rows of their own, found by the act that made it."""

    ranking_id: str
    batch: str
    level: Level
    batch_year: int
    number: int
    """From 1."""
    made_on: date
    act: str
    groups: tuple[RankingGroup, ...]
    suspended_cases: int
    """Cases suspended when the values were collected: a later ranking takes them in, as part of this evaluation."""
    evaluation: bool
    """Whether it compares more than cases that missed an earlier ranking (A7)."""
    digest: str = ""
    early_reason: str = ""
    decision: RepeatEvaluationDecision | None = None
    left_out: int = 0
    """Cases that changed before the ranking reached them: they keep their state and wait for a later one."""
    unplaced: dict[UnitType, int] = field(default_factory=dict)
    """Selected ones among them: they take no place of the cap."""
    reproducible: bool = False
    """Whether the stored lines came out the same again when the ranking was made."""

    @property
    def compared(self) -> int:
        return sum(group.compared for group in self.groups)


@dataclass(frozen=True)
class RankedBatch:
    """A ranking with its lines in their places."""

    ranking: BatchRanking
    lines: Sequence[RankingLine]


def unfinished(case: Case) -> Reason:
    """Return why the ranking must wait for this case."""
    text = f"{case.unit.name}尚未完成评审，不能择优排序"
    return reason("V8", "batch-unfinished", text, evidence=f"{case.case_id}: {case.state}")


def is_unfinished(case: Case) -> bool:
    return not case.ended and case.state not in RANKABLE and case.suspended_by is None


def forwarding_open(batch_year: int, rules: Iterable[RuleSet], today: date) -> Reason | None:
    """Return why it is too early: until the last day of forwarding better cases may still come."""
    last_day = max(forwarding.last_day(batch_year, each).last_day for each in rules)
    if today > last_day:
        return None
    text = f"{last_day.isoformat()}前仍可上报，提前择优排序的，应当说明理由"
    return reason("V8", "forwarding-open", text, evidence=f"{today} <= {last_day}", pointer="/early_reason")


def evaluations_used_up(earlier: Iterable[BatchRanking], rules: Iterable[RuleSet]) -> bool:
    """Whether the year's evaluations of the batch are held already (A7)."""
    return sum(each.evaluation for each in earlier) >= min(each.batches.per_year for each in rules)


def repeat_evaluation_reason(new: Sequence[str], rules: Iterable[RuleSet]) -> Reason:
    """Return why a decision is due: the year's evaluations are held, and these cases missed none of them (A7)."""
    allowed = min(each.batches.per_year for each in rules)
    text = f"同一级别原则上每年评价{allowed}次；再次评价的，应当写明自治区工业和信息化厅所作决定的文号和日期"
    return reason("A7", "evaluated-already", text, evidence=", ".join(new), pointer="/decision")


def require_past_decision(decision: RepeatEvaluationDecision, today: date) -> None:
    """Raise for a decision that is still to come."""
    if decision.decided_on > today:
        wrong = decision.decided_on.isoformat()
        raise malformed(reason("A7", "decision-in-future", "决定日期不得晚于今日", wrong, "/decision/decided_on"))


def left_out_text(case: Case | None) -> str:
    """Return why the ranking passes a case over."""
    now = STAGE_TEXTS[case.state] if case else "已不存在"
    return f"择优排序期间该项目发生变动（现为“{now}”），未适用本次排序结果"


def apply_ranking(case: Case, ranking: BatchRanking, line: RankingLine) -> Transition:
    """Apply the ranking to one case: selected, or the end of it."""
    if line.outcome == "selected":
        return _selected(case, ranking, line)
    group = next(each for each in ranking.groups if each.kind == line.kind)
    outcome, why = _not_selected(group, line)
    return close_case(case, outcome, (why,), ranking.made_on)


def _selected(case: Case, ranking: BatchRanking, line: RankingLine) -> Transition:
    seen = {"ranking": ranking.ranking_id, "digest": ranking.digest, "rank": str(line.rank)}
    early = {"early": ranking.early_reason} if ranking.early_reason else {}
    decided = {"decision": f"{one.document_number} {one.decided_on}"} if (one := ranking.decision) else {}
    return Transition(
        replace(case, state=Stage.RANKED, rank=line.rank),
        action="ranked",
        rule="V8",
        reason="达到合格分数线，择优入选公示名单",
        audience=Audience.REVIEWERS,
        evidence=seen | early | decided,
    )


def _not_selected(group: RankingGroup, line: RankingLine) -> tuple[Outcome, Reason]:
    score = f"{line.score}分"
    if line.outcome == "beyond_cap":
        text = f"得分{score}，按择优顺序位列第{line.rank}，超出名额{group.cap}个"
        return "beyond_cap", reason("V8", "beyond-cap", text, evidence=str(line.rank))
    if line.outcome == "mandatory_item_failed":
        return "mandatory_item_failed", reason("V6", "mandatory-item-failed", "不符合基本要求", evidence=line.case_id)
    text = f"得分{score}，未达到合格分数线{group.pass_mark}分"
    return "below_pass_mark", reason("V8", "below-pass-mark", text, evidence=f"{line.score} < {group.pass_mark}")
