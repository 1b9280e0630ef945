"""Facts that bar an enterprise for three years (Art. 12(5)), with their dates and sources."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from rulebook.periods import Interval


class FactKind(StrEnum):
    """The circumstances that Art. 12(5) names."""

    DEREGISTERED = "deregistered"
    STOPPED = "stopped"
    ABNORMAL_OPERATIONS = "abnormal_operations"
    DISCLOSURE_FAILURE = "disclosure_failure"
    SAFETY_ACCIDENT = "safety_accident"
    ENVIRONMENTAL_ACCIDENT = "environmental_accident"
    QUALITY_ACCIDENT = "quality_accident"
    OCCUPATIONAL_INJURY = "occupational_injury"
    TAX_EVASION = "tax_evasion"
    DISHONESTY_LIST = "dishonesty_list"
    INSPECTION_PROBLEM = "inspection_problem"
    SUPERVISION_PENALTY = "supervision_penalty"
    RECTIFICATION_OVERDUE = "rectification_overdue"
    FRAUD = "fraud"


TEXTS: Mapping[FactKind, str] = MappingProxyType(
    {
        FactKind.DEREGISTERED: "工商注销",
        FactKind.STOPPED: "连续停产12个月以上",
        FactKind.ABNORMAL_OPERATIONS: "被市场监督管理部门列入经营异常名单且未被移出",
        FactKind.DISCLOSURE_FAILURE: "未严格执行环境信息强制性披露的有关规定",
        FactKind.SAFETY_ACCIDENT: "发生安全（含网络安全、数据安全）事故",
        FactKind.ENVIRONMENTAL_ACCIDENT: "发生环保、环境污染事故",
        FactKind.QUALITY_ACCIDENT: "发生质量事故",
        FactKind.OCCUPATIONAL_INJURY: "发生职业伤害事故",
        FactKind.TAX_EVASION: "偷漏税",
        FactKind.DISHONESTY_LIST: "被列入失信企业、法人代表黑名单",
        FactKind.INSPECTION_PROBLEM: "在国务院及有关部委相关督查中被发现存在严重问题",
        FactKind.SUPERVISION_PENALTY: "在工业节能监察中受到处罚",
        FactKind.RECTIFICATION_OVERDUE: "被要求限期整改且未按要求完成整改",
        FactKind.FRAUD: "存在弄虚作假、欺瞒现象",
    }
)

LASTING = frozenset(
    {
        FactKind.DEREGISTERED,
        FactKind.STOPPED,
        FactKind.ABNORMAL_OPERATIONS,
        FactKind.DISHONESTY_LIST,
        FactKind.RECTIFICATION_OVERDUE,
    }
)
"""Kinds that go on until they are ended; the others happen on one day."""


REGION = "150000"
"""The regional department, by the autonomous region's code of GB/T 2260."""


class FactSource(StrEnum):
    """The source of a fact; the record of an officer or an agency outweighs the applicant's declaration."""

    DECLARATION = "declaration"
    OFFICER = "officer"
    AGENCY = "agency"


@dataclass(frozen=True)
class Fact:
    fact_id: str
    uscc: str
    kind: FactKind
    happened_on: date
    source: FactSource
    reference: str
    """The record it rests on: a document, a public list."""
    prefecture: str | None = None
    """Whose officers see it: where its unit applies, or while that is not known the prefecture that has recorded it."""
    recorded_by: str | None = None
    """The agency, or the department by its area's code of GB/T 2260; it alone and the region may end the fact (P2)."""
    ended_on: date | None = None

    def span(self, day: date) -> Interval:
        """The days on which it holds, as far as ``day``."""
        last = self.ended_on if self.ended_on is not None else (day if self.kind in LASTING else self.happened_on)
        return Interval(first=self.happened_on, last=max(self.happened_on, last))


@dataclass(frozen=True)
class Lookback:
    """The days whose facts count, and the months from which a stop of production counts."""

    day: date
    years: Interval
    shutdown_months: int

    def still_counts(self, fact: Fact) -> bool:
        """Whether the fact bars its unit from applying on the day."""
        if fact.happened_on > self.day:
            return False
        if fact.kind is FactKind.ABNORMAL_OPERATIONS:
            # Art. 12(5): "listed and not yet taken off"; one taken off no longer counts.
            return fact.ended_on is None or fact.ended_on > self.day
        span = fact.span(self.day)
        if fact.kind is FactKind.STOPPED and span.last < _add_months(span.first, self.shutdown_months):
            return False
        return span.overlaps(self.years)


def facts_against(facts: Iterable[Fact], lookback: Lookback) -> list[Fact]:
    """Return the facts that bar a unit from applying, the oldest first."""
    return sorted(filter(lookback.still_counts, facts), key=lambda fact: (fact.happened_on, fact.kind))


def facts_beyond_record(declared: Iterable[Fact], recorded: Sequence[Fact], day: date) -> list[Fact]:
    """Return what the applicant declares beyond the record, which outweighs its words on the same occurrence (E4).

    A declared occurrence is the recorded one when it began while that lasted; another one of the same kind is not.
    """
    return [each for each in declared if not any(_is_same_occurrence(each, known, day) for known in recorded)]


def _is_same_occurrence(declared: Fact, recorded: Fact, day: date) -> bool:
    return declared.kind is recorded.kind and declared.happened_on in recorded.span(day)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
