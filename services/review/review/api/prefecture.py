"""The prefecture's stage: opinions of the departments, initial review, opinion document, forwarding (V1 to V4)."""

from typing import Annotated, Literal

from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends
from messages.values import Department, FileRef, Text
from pydantic import Field
from rulebook import basis

from review.api.commands import acting_on, actor_of
from review.api.policies import ANSWER, DECIDE, ConsultedDepartment
from review.api.views import Body
from review.handlers.consultation import AnswerConsultation, answer_consultation
from review.handlers.opinion import (
    DecideInitialReview,
    ForwardCase,
    IssueOpinion,
    decide_initial_review,
    forward_case,
    issue_opinion,
)
from review.handlers.ports import Receipt
from review.store import Store

Words = Annotated[str, Field(max_length=2000)]
DealtWith = dict[Department, Words]


class OpinionBody(Body):
    department: Department
    opinion: Literal["agree", "object"]
    text: Words = ""


class InitialReviewBody(Body):
    decision: Literal["accept", "refuse"]
    reasons: Words = ""
    dealt_with: DealtWith = Field(default_factory=dict)


class OpinionDocumentBody(Body):
    number: Annotated[Text, Field(max_length=100, pattern=r"\S")]
    conclusion: Literal["recommended", "not_recommended"]
    attachments: tuple[FileRef, ...] = Field(min_length=1)
    """The signed document itself, and what goes to the region with it (Art. 14(2)); known by content, not held here."""
    dealt_with: DealtWith = Field(default_factory=dict)


def router() -> APIRouter:
    routes = APIRouter(prefix="/cases/{case_id}", tags=["prefecture"], responses=PROBLEMS)
    deciding = Depends(Authorize(DECIDE))

    @routes.post(
        "/opinions",
        summary="Answer a consultation",
        openapi_extra=based_on_rule(basis("V2")),
        responses=refuses("wrong-state", "not-consulted", "opinion-given", "case-suspended"),
    )
    async def answer(
        case_id: str, body: OpinionBody, call: Annotated[RequestContext[Store], Depends(Authorize(ANSWER))]
    ) -> Receipt:
        case = await call.store.cases.require(case_id)
        by = await actor_of(call, ANSWER, ConsultedDepartment(case.unit, body.department))
        command = AnswerConsultation(case_id, body.department, body.opinion, body.text, by)
        return await call.execute(answer_consultation, command, reply=Receipt)

    @routes.post(
        "/initial-review",
        summary="Decide the initial review",
        openapi_extra=based_on_rule(basis("V1")),
        responses=refuses("wrong-state", "case-suspended"),
    )
    async def review(
        case_id: str, body: InitialReviewBody, call: Annotated[RequestContext[Store], deciding]
    ) -> Receipt:
        _, by = await acting_on(call, DECIDE, case_id)
        accept = body.decision == "accept"
        command = DecideInitialReview(case_id, accept, body.reasons, _plain(body.dealt_with), by)
        return await call.execute(decide_initial_review, command, reply=Receipt)

    @routes.post(
        "/opinion-document",
        summary="Issue the opinion document",
        openapi_extra=based_on_rule(basis("V3")),
        responses=refuses(
            "wrong-state", "opinion-missing", "opinion-not-dealt-with", "document-number-taken", "case-suspended"
        ),
    )
    async def issue(
        case_id: str, body: OpinionDocumentBody, call: Annotated[RequestContext[Store], deciding]
    ) -> Receipt:
        _, by = await acting_on(call, DECIDE, case_id)
        dealt_with = _plain(body.dealt_with)
        command = IssueOpinion(case_id, body.number, body.conclusion, body.attachments, dealt_with, by)
        return await call.execute(issue_opinion, command, reply=Receipt)

    @routes.post(
        "/forward",
        summary="Forward a case to the region",
        openapi_extra=based_on_rule(basis("V4")),
        responses=refuses("wrong-state", "deadline-passed", "case-suspended", "level-not-reviewed"),
    )
    async def forward(case_id: str, call: Annotated[RequestContext[Store], deciding]) -> Receipt:
        """After the deadline the case is late, and that is recorded (V4)."""
        _, by = await acting_on(call, DECIDE, case_id)
        return await call.execute(forward_case, ForwardCase(case_id, by), reply=Receipt)

    return routes


def _plain(dealt_with: DealtWith) -> dict[str, str]:
    return {department.value: words for department, words in dealt_with.items()}
