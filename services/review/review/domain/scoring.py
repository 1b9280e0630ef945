"""Score sheets and the panel's score (V6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from messages.review import CaseScored, DeviationFlagged, ScoreSheetSigned, ScoreSheetsReturned, Stage
from messages.values import IndicatorValue, Reason, Role
from rulebook import RuleSet, Scheme, panel_mandatory_items, panel_values, problems, reason, score

from review.domain.case import OPEN_SEATS, Case, Score, ScoreSheet
from review.domain.closing import close_case
from review.domain.record import ActorRef, Audience, Transition
from review.domain.refusals import malformed, refusal, require_state


def save_draft(case: Case, sheet: ScoreSheet, scheme: Scheme) -> Transition:
    """Save a draft of a sheet: given values must be valid, missing ones may follow."""
    _require_seat(case, sheet)
    refuse_invalid(
        [each for each in problems(scheme, sheet.values, sheet.mandatory_items) if not each.endswith(": missing")]
    )
    return Transition(
        _with(case, sheet),
        action="score sheet saved",
        rule="V6",
        reason="评分草稿",
        audience=Audience.REVIEWERS,
        evidence={"expert": sheet.expert},
    )


def sign_sheet(case: Case, sheet: ScoreSheet, scheme: Scheme, today: date) -> Transition:
    """Sign an expert's complete sheet, once."""
    panel_size = _require_seat(case, sheet)
    refuse_invalid(problems(scheme, sheet.values, sheet.mandatory_items))
    after = replace(_with(case, replace(sheet, signed_on=today)), state=Stage.SCORING)
    done = len(after.signed_sheets)
    return Transition(
        after,
        action="score sheet signed",
        rule="V6",
        reason="专家独立评分并签署",
        audience=Audience.REVIEWERS,
        evidence={"expert": sheet.expert, "sheet": sheet.seal},
        events=(
            ScoreSheetSigned(
                **case.event_fields(), expert=sheet.expert, signed_on=today, signed=done, panel_size=panel_size
            ),
        ),
    )


def _require_seat(case: Case, sheet: ScoreSheet) -> int:
    if case.panel is None or sheet.expert not in case.panel.experts:
        raise refusal("V5", "not-on-panel", "该专家不是本项目评审组成员", evidence=sheet.expert, status=403)
    before = case.sheet_of(sheet.expert)
    if before is not None and before.signed_on is not None:
        raise refusal("V6", "sheet-signed", "评分表已签署，不能再修改", evidence=before.signed_on.isoformat())
    require_state(case, "V6", *OPEN_SEATS)
    return len(case.panel.experts)


def refuse_invalid(wrong: list[str]) -> None:
    """Raise with everything that is missing, unknown or out of range, at its place in the body."""
    if wrong:
        raise malformed(*map(_invalid_item, wrong))


def _invalid_item(problem: str) -> Reason:
    item, _, fault = problem.partition(": ")
    return reason("V6", "score-invalid", f"评分项“{item}”不符合评价标准要求", evidence=fault, pointer=f"/values/{item}")


def _with(case: Case, sheet: ScoreSheet) -> Case:
    others = tuple(each for each in case.sheets if each.expert != sheet.expert)
    return replace(case, sheets=(*others, sheet))


def all_signed(case: Case) -> bool:
    return case.panel is not None and len(case.signed_sheets) == len(case.panel.experts)


def panel_score(case: Case, scheme: Scheme, today: date, found: tuple[IndicatorValue, ...] = ()) -> Score:
    """Return the scheme's score of the experts' values; values ``found`` on site replace them (V7)."""
    sheets = case.signed_sheets
    on_site = {each.indicator: each.value for each in found}
    values = panel_values(scheme, [sheet.values for sheet in sheets]) | on_site
    result = score(scheme, values, panel_mandatory_items(scheme, [sheet.mandatory_items for sheet in sheets]))
    return Score(
        total=result.total,
        energy_carbon=result.energy_carbon,
        failed_mandatory_items=result.failed_mandatory_items,
        by_expert={sheet.expert: score(scheme, sheet.values, sheet.mandatory_items).total for sheet in sheets},
        scored_on=today,
    )


def deviating_experts(panel: Score, limit: Decimal) -> tuple[str, ...]:
    """Experts whose total lies farther from the panel's than the limit (V6)."""
    return tuple(expert for expert, total in panel.by_expert.items() if abs(total - panel.total) > limit)


def flag_deviation(case: Case, experts: tuple[str, ...], rules: RuleSet, today: date) -> Transition:
    """Flag a deviation: someone whose sheet does not deviate confirms the score or returns the sheets."""
    after = replace(case, deviating=experts)
    return Transition(
        after,
        action="deviation flagged",
        rule="V6",
        reason=f"专家评分与评审组得分相差超过{rules.panel.deviation_limit}分，由{_who_decides(after)}确认或退回",
        audience=Audience.REVIEWERS,
        evidence={"experts": ",".join(experts)},
        events=(
            DeviationFlagged(
                **case.event_fields(), deviating=experts, experts=eligible_deciders(after), flagged_on=today
            ),
        ),
    )


def eligible_deciders(case: Case) -> tuple[str, ...]:
    """Return the chair or, where the chair's own sheet deviates, the members whose sheets do not."""
    if case.panel is None:
        return ()
    if case.panel.chair not in case.deviating:
        return (case.panel.chair,)
    return tuple(each for each in case.panel.experts if each not in case.deviating)


def _who_decides(case: Case) -> str:
    return "组长" if _chair_decides(case) else "评分未偏离的其他评审组成员或自治区主管人员"


def _chair_decides(case: Case) -> bool:
    return case.panel is not None and eligible_deciders(case) == (case.panel.chair,)


def require_decider(case: Case, by: ActorRef) -> None:
    """Raise unless ``by`` is one of the deciders, or the regional officer where the chair is none."""
    require_state(case, "V6", Stage.SCORING)
    if not case.deviating:
        raise refusal("V6", "no-deviation", "没有需要处理的评分偏差")
    in_the_chairs_stead = by.role == Role.REGIONAL_OFFICER and not _chair_decides(case)
    if by.subject not in eligible_deciders(case) and not in_the_chairs_stead:
        text = f"评分偏差由{_who_decides(case)}处理"
        raise refusal("V6", "not-the-decider", text, evidence=by.role, status=403)


def return_sheets(case: Case, text: str, today: date) -> Transition:
    """Take the signatures off the flagged sheets; their seals stay in the record."""
    returned = ScoreSheetsReturned(**case.event_fields(), experts=case.deviating, text=text, returned_on=today)
    sheets = tuple(replace(each, signed_on=None) if each.expert in case.deviating else each for each in case.sheets)
    seals = {each.expert: each.seal for each in case.sheets if each.expert in case.deviating}
    after = replace(case, sheets=sheets, deviating=())
    return Transition(
        after,
        action="sheets sent back",
        rule="V6",
        reason=text,
        audience=Audience.REVIEWERS,
        evidence=seals,
        events=(returned,),
    )


def record_score(case: Case, result: Score, why: str) -> Transition:
    return Transition(
        replace(case, state=Stage.SCORED, score=result, deviating=()),
        action="scored",
        rule="V6",
        reason=why,
        audience=Audience.REVIEWERS,
        evidence={"total": format(result.total, "f"), "scheme": case.dossier.scheme.id},
        events=(scored_event(case, result),),
    )


def scored_event(case: Case, result: Score) -> CaseScored:
    return CaseScored(
        **case.event_fields(),
        scheme=case.dossier.scheme,
        score=result.total,
        energy_carbon_score=result.energy_carbon,
        failed_mandatory_items=result.failed_mandatory_items,
        scored_on=result.scored_on,
    )


def fail_case(case: Case, scheme: Scheme, mandatory_items: tuple[str, ...], today: date) -> Transition:
    """End the case for a failed mandatory item, whatever the score (V6)."""
    names = {item.id: item.name_zh for item in scheme.mandatory_items}
    reasons = tuple(
        reason("V6", "mandatory-item-failed", f"不符合基本要求：{names[each]}", evidence=each)
        for each in mandatory_items
    )
    return close_case(case, "mandatory_item_failed", reasons, today)


DeviationDecision = Literal["confirm", "send_back"]


def require_reasons(decision: DeviationDecision, text: str) -> None:
    if not text.strip():
        text = "确认或退回评分，应当说明理由"
        raise malformed(reason("V6", "reasons-missing", text, evidence=decision, pointer="/text"))
