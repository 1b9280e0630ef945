"""The prefecture department's part: initial review and opinion document (V1 to V3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from chassis.handling import Refusal
from messages.review import InitialReviewAccepted, InitialReviewRefused, OpinionIssued, Stage
from messages.values import Reason
from rulebook import DEPARTMENT_NAMES, RuleSet, reason

from review.domain.case import Case, InitialReview, Opinion, OpinionDocument
from review.domain.closing import close_case
from review.domain.record import Audience, Transition
from review.domain.refusals import malformed, refusal, require_next_stage


@dataclass(frozen=True)
class DocumentNumber:
    """A document number, reserved by one case for ever: unique in the prefecture and year (V3)."""

    number: str
    case_id: str


def document_key(prefecture: str, year: int, number: str) -> str:
    return f"{prefecture}:{year}:{number}"


def accept_case(case: Case, text: str, dealt_with: Mapping[str, str], today: date) -> Transition:
    """Accept the application by the unit's own prefecture department (V1)."""
    require_next_stage(case, "V1", Stage.INITIAL_REVIEW_ACCEPTED)
    review = InitialReview(True, today, text, _explanations(case, dealt_with))
    return Transition(
        replace(case, state=Stage.INITIAL_REVIEW_ACCEPTED, initial_review=review),
        action="initial review accepted",
        rule="V1",
        reason=text or "申报材料符合要求",
        audience=Audience.RECORD,
        evidence=_opinions(case),
        events=(InitialReviewAccepted(**case.event_fields(), accepted_on=today),),
    )


def refuse_case(case: Case, text: str, today: date) -> list[Transition]:
    """End the case before anything goes to the region; reasons are required."""
    require_next_stage(case, "V1", Stage.INITIAL_REVIEW_ACCEPTED)
    if not text.strip():
        raise malformed(reason("V1", "reasons-missing", "初审不予通过的，应当说明理由", pointer="/reasons"))
    why = (reason("V1", "initial-review-refused", f"初审不予通过：{text.strip()}"),)
    refusing = Transition(
        replace(case, initial_review=InitialReview(False, today, text.strip())),
        action="initial review refused",
        rule="V1",
        reason=text.strip(),
        audience=Audience.RECORD,
        evidence=_opinions(case),
        events=(InitialReviewRefused(**case.event_fields(), refused_on=today, reasons=why),),
    )
    return [refusing, close_case(refusing.case, "initial_review_refused", why, today)]


def issue_opinion(case: Case, document: OpinionDocument, rules: RuleSet, today: date) -> list[Transition]:
    """Issue the opinion document once all three opinions are recorded and each that is no agreement is dealt with."""
    require_next_stage(case, "V3", Stage.OPINION_ISSUED)
    if not document.attachments:
        text = "应当附正式审核意见文件及一并上报的材料"
        raise malformed(reason("V3", "attachments-missing", text, pointer="/attachments"))
    earlier = case.initial_review.dealt_with if case.initial_review else {}
    complete = replace(document, dealt_with={**earlier, **_explanations(case, document.dealt_with)})
    if lacking := _missing_opinions(case, complete.dealt_with, rules):
        # One answer for all that stands in the way; a missing opinion weighs more than a missing explanation.
        raise Refusal(min(each.code for each in lacking), *lacking)
    issuing = Transition(
        replace(case, state=Stage.OPINION_ISSUED, opinion_document=complete),
        action=f"opinion issued: {complete.conclusion}",
        rule="V3",
        reason="；".join(complete.dealt_with.values()) or "征求意见部门均无不同意见",
        audience=Audience.RECORD,
        evidence={"number": complete.number, **_opinions(case)},
        events=(
            OpinionIssued(
                **case.event_fields(), number=complete.number, issued_on=today, conclusion=complete.conclusion
            ),
        ),
    )
    if complete.conclusion == "recommended":
        return [issuing]
    return [issuing, _not_recommended(issuing.case, complete, today)]


def _not_recommended(case: Case, document: OpinionDocument, today: date) -> Transition:
    """Close a case that initial review had accepted: no outcome fits better, so the reason states what happened."""
    text = f"初审已通过，但盟市主管部门审核意见文件（{document.number}）的结论为不予推荐，不报送自治区工业和信息化厅"
    why = reason("V3", "not-recommended", text, evidence=document.number)
    return close_case(case, "initial_review_refused", (why,), today)


def _missing_opinions(case: Case, dealt_with: Mapping[str, str], rules: RuleSet) -> list[Reason]:
    found = [_fault(each, dealt_with, rules) for each in case.consultation.opinions]
    return [each for each in found if each is not None]


def _fault(opinion: Opinion, dealt_with: Mapping[str, str], rules: RuleSet) -> Reason | None:
    department = opinion.department
    if opinion.opinion is None:
        text = f"尚未取得{DEPARTMENT_NAMES[department]}部门意见，且未到期"
        return reason("V2", "opinion-missing", text, evidence=department)
    silent_agrees = opinion.opinion == "overdue" and rules.readings.overdue_opinion_counts_as_agreement
    if opinion.opinion == "agree" or silent_agrees or dealt_with.get(department):
        return None
    text = f"应在审核意见中说明{DEPARTMENT_NAMES[department]}部门意见（{OPINION_TEXTS[opinion.opinion]}）的处理情况"
    return reason("V2", "opinion-not-dealt-with", text, evidence=opinion.opinion, pointer=f"/dealt_with/{department}")


OPINION_TEXTS: Mapping[str, str] = {"object": "有不同意见", "overdue": "逾期未回复"}


def _explanations(case: Case, dealt_with: Mapping[str, str]) -> dict[str, str]:
    strangers = [each for each in dealt_with if case.consultation.of(each) is None]
    if strangers:
        wrong = [_not_consulted(each) for each in strangers]
        raise malformed(*wrong)
    return {department: text.strip() for department, text in dealt_with.items() if text.strip()}


def _not_consulted(department: str) -> Reason:
    pointer = f"/dealt_with/{department}"
    return reason("V2", "not-consulted", "该部门不在本项目征求意见范围内", evidence=department, pointer=pointer)


def _opinions(case: Case) -> dict[str, str]:
    return {each.department.value: each.opinion or "none" for each in case.consultation.opinions}


def document_number_taken(number: DocumentNumber) -> Refusal:
    text = "该审核意见文号在本盟市本年度已被使用"
    return refusal("V3", "document-number-taken", text, evidence=f"{number.number}: {number.case_id}")
