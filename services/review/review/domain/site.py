"""Site verification: when it is due, and what its findings change (V7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from messages.digests import canonical_digest
from messages.review import SiteVerificationOrdered, SiteVerificationRecorded, Stage
from messages.values import IndicatorValue
from rulebook import RuleSet, Scheme, reason

from review.domain import scoring
from review.domain.case import Case, Ground, Score, SiteVisit
from review.domain.draw import commitment_of
from review.domain.record import Audience, Transition
from review.domain.refusals import malformed, require_next_stage

DIGEST_VALUES = 16**64
"""The number of values a digest has; a lot is a digest divided by it."""

GROUND_TEXTS: dict[Ground, str] = {
    "panel_request": "评审组要求现场核实",
    "borderline": "得分处于临界区间",
    "random_draw": "随机抽取",
}


@dataclass(frozen=True)
class ScoringContext:
    """The basis of a case's score: its scheme, its rule set and the seed of its batch."""

    scheme: Scheme
    rules: RuleSet
    seed: str


def conclude_scoring(case: Case, context: ScoringContext, today: date) -> list[Transition]:
    """Score the case once the whole panel has signed, or first flag a deviation for the chair to decide (V6)."""
    result = scoring.panel_score(case, context.scheme, today)
    if far := scoring.deviating_experts(result, context.rules.panel.deviation_limit):
        return [scoring.flag_deviation(case, far, context.rules, today)]
    return apply_score(case, result, context, "评审组得分")


def apply_score(case: Case, result: Score, context: ScoringContext, why: str) -> list[Transition]:
    """Accept the score: a failed mandatory item ends the case, else a site visit may follow."""
    today = result.scored_on
    scored = scoring.record_score(case, result, why)
    if result.failed_mandatory_items:
        return [scored, scoring.fail_case(scored.case, context.scheme, result.failed_mandatory_items, today)]
    due = ground(scored.case, result, context.rules, context.seed)
    return [scored] if due is None else [scored, order_visit(scored.case, due, context.seed, today)]


def ground(case: Case, result: Score, rules: RuleSet, seed: str) -> Ground | None:
    """Return the strongest ground for a site visit; None without one."""
    wanted = sum(sheet.site_visit_wanted for sheet in case.sheets)
    if 2 * wanted > len(case.sheets):
        return "panel_request"
    if rules.selection.is_borderline(case.unit.unit_type, result.total):
        return "borderline"
    return "random_draw" if lot(seed, case.case_id) < rules.selection.site_visit_draw_rate else None


def lot(seed: str, case_id: str) -> Decimal:
    """Return the lot of a case in [0, 1): the same for the same seed, unpredictable before the seed is known."""
    return Decimal(int(canonical_digest(["site", seed, case_id]), 16)) / Decimal(DIGEST_VALUES)


def order_visit(case: Case, why: Ground, seed: str, today: date) -> Transition:
    return Transition(
        replace(case, state=Stage.SITE_ORDERED, site=SiteVisit(why, today)),
        action="site verification ordered",
        rule="V7",
        reason=GROUND_TEXTS[why],
        audience=Audience.REVIEWERS,
        evidence={"ground": why, "draw": commitment_of(seed), "lot": format(lot(seed, case.case_id), ".6f")},
        events=(SiteVerificationOrdered(**case.event_fields(), ground=why, ordered_on=today),),
    )


@dataclass(frozen=True)
class Findings:
    """The findings of a site visit."""

    changed: tuple[IndicatorValue, ...]
    text: str
    reasons: str


def record_visit(case: Case, findings: Findings, context: ScoringContext, today: date) -> Transition:
    """Record the findings; changed indicator values need reasons, and the score is computed anew."""
    require_next_stage(case, "V7", Stage.SITE_RECORDED)
    if case.site is None:
        raise ValueError(f"{case.case_id} waits for a visit that was never ordered")
    _refuse_invalid(findings, context.scheme)
    result = scoring.panel_score(case, context.scheme, today, findings.changed)
    done = replace(
        case.site,
        recorded_on=today,
        changed=findings.changed,
        findings=findings.text,
        reasons=findings.reasons,
    )
    return Transition(
        replace(case, state=Stage.SITE_RECORDED, site=done, score=result),
        action="site verification recorded",
        rule="V7",
        reason=findings.reasons or findings.text,
        audience=Audience.REVIEWERS,
        evidence={each.indicator: format(each.value, "f") for each in findings.changed},
        events=(
            SiteVerificationRecorded(**case.event_fields(), recorded_on=today, changed=findings.changed),
            scoring.scored_event(case, result),
        ),
    )


def _refuse_invalid(findings: Findings, scheme: Scheme) -> None:
    if findings.changed and not findings.reasons.strip():
        raise malformed(reason("V7", "reasons-missing", "现场核实改变指标值的，应当说明理由", pointer="/reasons"))
    scoring.refuse_invalid([fault for each in findings.changed if (fault := _fault(each, scheme))])


def _fault(value: IndicatorValue, scheme: Scheme) -> str | None:
    known = next((each for each in scheme.indicators if each.id == value.indicator), None)
    if known is None:
        return f"{value.indicator}: unknown"
    least, greatest = scheme.range_of(known)
    if not least <= value.value <= greatest:
        return f"{value.indicator}: {value.value} is outside {least}..{greatest}"
    return None
