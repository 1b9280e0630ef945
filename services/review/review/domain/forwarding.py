"""Forwarding to the region until 31 May of the batch year, and the end of what was not forwarded by then (V4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import count

from messages.review import CaseForwarded, Stage
from messages.values import Level, Reason
from rulebook import Deadline, RuleSet, reason, yearly_deadline

from review.domain.case import UNFORWARDED, Case
from review.domain.closing import close_case
from review.domain.record import Audience, Transition
from review.domain.refusals import require_next_stage


def last_day(batch_year: int, rules: RuleSet) -> Deadline:
    return yearly_deadline(batch_year, rules.deadlines.forward, moves=rules.readings.fixed_dates_move)


def last_closed_batch_year(rules: RuleSet, today: date) -> int:
    """Return the latest batch year whose cases cannot be forwarded any more."""
    return next(year for year in count(today.year, -1) if last_day(year, rules).missed_on(today))


def forward_case(case: Case, rules: RuleSet, today: date) -> Transition:
    """Forward to the region until 31 May of the batch year; later the case is late and ends here (V4)."""
    require_next_stage(case, "V4", Stage.FORWARDED)
    deadline = last_day(case.batch_year, rules)
    if deadline.missed_on(today):
        return close_late_case(case, rules, today)
    return Transition(
        replace(case, state=Stage.FORWARDED, forwarded_on=today),
        action="forwarded",
        rule="V4",
        reason="审核意见连同申报材料报自治区工业和信息化厅",
        audience=Audience.RECORD,
        evidence={"deadline": deadline.last_day.isoformat()},
        events=(CaseForwarded(**case.event_fields(), forwarded_on=today),),
    )


def is_late(case: Case, rules: RuleSet, today: date) -> bool:
    """Whether a case not yet forwarded is late; a suspension does not move the day that Art. 14(2) sets."""
    waits = case.level is Level.REGION and case.state in UNFORWARDED
    return waits and last_day(case.batch_year, rules).missed_on(today)


def close_late_case(case: Case, rules: RuleSet, today: date) -> Transition:
    return close_case(case, "late", (_missed_deadline(case, last_day(case.batch_year, rules).last_day, today),), today)


def _missed_deadline(case: Case, deadline: date, today: date) -> Reason:
    text = f"应于{deadline.isoformat()}前报送自治区工业和信息化厅，已逾期，不予受理"
    if case.suspended_by is not None:
        text += f"（该项目因出具评价报告的第三方服务机构被通报（{case.suspended_by}）中止办理，中止不顺延报送期限）"
    return reason("V4", "deadline-passed", text, evidence=f"{today.isoformat()} > {deadline.isoformat()}")
