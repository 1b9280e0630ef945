"""Decisions against assessors (Art. 31): one revoked, one that affects open applications, one after the list."""

from __future__ import annotations

from datetime import date, datetime

from rulebook import shanghai_date

from deploy.demo import timeline
from deploy.demo.actors import REGION, officer
from deploy.demo.calls import Json, UnexpectedAnswerError, until
from deploy.demo.personas import CLEARED, YEAR, Assessor, EdgeCase
from deploy.demo.season import Season
from deploy.demo.stages.submitting import submit

WRONG, FIRST, SECOND = (f"内工信绿色罚〔{YEAR}〕{number}号" for number in (1, 2, 3))
"""Documents of the decisions; the first is revoked."""
REVERSAL = f"内工信绿色函〔{YEAR}〕4号"
FOUND = {
    WRONG: ("评价报告引用的电费单据与原件不符", "示例举报材料第1号"),
    FIRST: ("评价报告中的检测数据系编造，检测机构从未到场", "示例检测机构出具的证明及计量台账"),
    SECOND: ("为已列入单位出具的评价报告隐瞒停产事实", "示例供电公司用电量记录"),
}


async def revoke_wrong_decision(season: Season) -> None:
    """Revoke a wrong decision; both stay on record (S4)."""
    season.stage("A decision is made and revoked", timeline.WRONG_DECISION)
    assessor = season.personas.assessor(CLEARED)
    await _decide(season, assessor, WRONG, timeline.WRONG_DECISION)
    season.go_on_to(timeline.REVOCATION)
    body = {"document_number": REVERSAL, "revoked_on": _day(timeline.REVOCATION)}
    path = f"/assessors/{assessor.uscc}/sanctions/revocation"
    await season.calls.as_person(REGION).post("assessor-quota", path, "revocation", body)


async def take_effect(season: Season) -> None:
    """Sanction an assessor: its open application is suspended, and a new one refused (S1, S2)."""
    season.stage("An assessor is sanctioned", timeline.SANCTION)
    await _decide(season, season.personas.assessor_of(EdgeCase.REPORT_SUSPENDED), FIRST, timeline.SANCTION)
    await until(lambda: _suspended(season), "the open application is suspended")
    await _not_to_be_decided(season)
    season.go_on_to(timeline.AFTER_SANCTION)
    await season.each([season.personas.by_edge_case(EdgeCase.SANCTIONED_ASSESSOR)], lambda each: submit(season, each))


async def flag_the_listed(season: Season) -> None:
    """Sanction an assessor after the announcement: units listed on its report are flagged (S2)."""
    season.stage("An assessor of a listed unit is sanctioned", timeline.LATER_SANCTION)
    await _decide(season, season.personas.assessor_of(EdgeCase.SANCTIONED_LATER), SECOND, timeline.LATER_SANCTION)

    async def flagged() -> bool | None:
        titles = await season.calls.as_person(REGION).all("registry", "/units", flagged="true")
        return bool(titles) or None

    await until(flagged, "the listed unit is flagged for supervision")


async def _decide(season: Season, assessor: Assessor, document: str, instant: datetime) -> None:
    text, evidence = FOUND[document]
    reasons = [{"text": text, "evidence": evidence}]
    body = {"document_number": document, "decided_on": _day(instant), "reasons": reasons}
    path, key = f"/assessors/{assessor.uscc}/sanctions", f"sanction:{assessor.id}"
    await season.calls.as_person(REGION).post("assessor-quota", path, key, body)


async def _suspended(season: Season) -> Json | None:
    """Return the application once its case is suspended and it says so."""
    application = await season.application(season.personas.by_edge_case(EdgeCase.REPORT_SUSPENDED))
    return application if application["suspended_by"] == FIRST else None


async def _not_to_be_decided(season: Season) -> None:
    """Check that the prefecture cannot decide the suspended case."""
    applicant = season.personas.by_edge_case(EdgeCase.REPORT_SUSPENDED)
    path, by = f"/cases/{season.id_of(applicant)}/initial-review", officer(applicant.unit.prefecture)
    body = {"decision": "accept"}
    answer = await season.calls.as_person(by).post("review", path, "tried:suspended", body, may_be_refused=True)
    if not answer.refused:
        raise UnexpectedAnswerError(f"{applicant.unit.name}: decided on a sanctioned assessor's report")


def _day(instant: datetime) -> str:
    day: date = shanghai_date(instant)
    return day.isoformat()
