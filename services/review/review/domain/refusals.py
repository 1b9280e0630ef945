"""Refusals with their rule, its article and a text for the person concerned (G3)."""

from __future__ import annotations

from chassis.handling import Refusal
from messages.review import Stage
from messages.values import Level, Reason
from rulebook import reason

from review.domain.case import STAGE_TEXTS, Case, stage_before

OTHER_LEVELS = {
    Level.PREFECTURE: ("V11", "盟市级示范单位由盟市工业和信息化主管部门组织创建并发布名单，不进入自治区级评审和公示"),
    Level.NATION: ("V12", "国家级示范单位由自治区推荐、由工业和信息化部确定，不进入自治区级评审和公示"),
}


def refusal(rule: str, code: str, text: str, *, evidence: str | None = None, status: int = 409) -> Refusal:
    """Return a refusal for one reason of the same code."""
    return Refusal(code, reason(rule, code, text, evidence=evidence), status=status)


def malformed(*reasons: Reason) -> Refusal:
    """Return one refusal for all faults of a request."""
    return Refusal("request-invalid", *reasons, status=422)


def require_state(case: Case, rule: str, *allowed: Stage) -> None:
    """Raise unless the case stands in one of ``allowed`` and is not suspended."""
    if case.state not in allowed:
        text = f"该项目当前为“{STAGE_TEXTS[case.state]}”，不能进行此项操作"
        raise refusal(rule, "wrong-state", text, evidence=case.state)
    require_running(case)


def require_next_stage(case: Case, rule: str, stage: Stage) -> None:
    """Raise unless the case stands right before ``stage`` and is not suspended."""
    require_state(case, rule, stage_before(stage))


def require_running(case: Case) -> None:
    """Raise while the case is suspended (S2)."""
    if case.suspended_by is not None:
        text = "出具评价报告的第三方服务机构已被通报，该项目中止办理"
        raise refusal("S2", "case-suspended", text, evidence=case.suspended_by)


def require_region(level: Level) -> None:
    """Raise for the levels of Art. 15 and 16: cases of a prefecture or the ministry are in no batch here."""
    if level is not Level.REGION:
        rule, text = OTHER_LEVELS[level]
        raise refusal(rule, "level-not-reviewed", text, evidence=level)
