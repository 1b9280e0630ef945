"""The prefecture's stage: opinions of the departments, initial review, opinion document, forwarding (V1 to V4)."""

from __future__ import annotations

from typing import Annotated, Literal

from chassis.http import PROBLEMS, APIRouter, Authorize, Body, Key, RequestContext, based_on_rule, refuses
from fastapi import Depends
from messages.entries import DocumentNumber, EnteredFile
from messages.values import Department
from pydantic import Field
from rulebook import basis, shanghai_date

from review.api.bodies import ShortText
from review.api.commands import act_on_case, acting_on, actor_of
from review.api.policies import ANSWER_CONSULTATION, DECIDE_CASE, ConsultedDepartment
from review.domain.opinion import document_key
from review.handlers import consultation, opinion
from review.handlers.transitions import Receipt
from review.store import Store

DealtWith = dict[Department, ShortText]


class OpinionBody(Body):
    department: Department
    opinion: Literal["agree", "object"]
    text: ShortText = ""


class InitialReviewBody(Body):
    decision: Literal["accept", "refuse"]
    reasons: ShortText = ""
    dealt_with: DealtWith = Field(default_factory=dict)


class OpinionDocumentBody(Body):
    number: Annotated[DocumentNumber, Field(max_length=100)]
    conclusion: Literal["recommended", "not_recommended"]
    attachments: tuple[EnteredFile, ...] = Field(min_length=1, max_length=50)
    """The signed document itself, and what goes to the region with it (Art. 14(2)); known by content, not held here."""
    dealt_with: DealtWith = Field(default_factory=dict)


router = APIRouter(prefix="/cases/{case_id}", tags=["prefecture"], responses=PROBLEMS)
AnswerConsultation = Annotated[RequestContext[Store], Depends(Authorize(ANSWER_CONSULTATION))]
DecideCase = Annotated[RequestContext[Store], Depends(Authorize(DECIDE_CASE))]


@router.post(
    "/opinions",
    summary="Answer a consultation",
    openapi_extra=based_on_rule(basis("V2")),
    responses=refuses("wrong-state", "not-consulted", "opinion-given", "case-suspended"),
)
async def answer_consultation(case_id: Key, body: OpinionBody, context: AnswerConsultation) -> Receipt:
    case = await context.store.cases.require(case_id)
    by = await actor_of(context, ConsultedDepartment(case, body.department), case)
    command = consultation.AnswerConsultation(case_id, body.department, body.opinion, body.text, by)
    return await act_on_case(context, consultation.answer_consultation, command, Receipt)


@router.post(
    "/initial-review",
    summary="Decide the initial review",
    openapi_extra=based_on_rule(basis("V1")),
    responses=refuses("wrong-state", "case-suspended"),
)
async def decide_initial_review(case_id: Key, body: InitialReviewBody, context: DecideCase) -> Receipt:
    _, by = await acting_on(context, case_id)
    accept = body.decision == "accept"
    command = opinion.DecideInitialReview(case_id, accept, body.reasons, _plain(body.dealt_with), by)
    return await act_on_case(context, opinion.decide_initial_review, command, Receipt)


@router.post(
    "/opinion-document",
    summary="Issue the opinion document",
    openapi_extra=based_on_rule(basis("V3")),
    responses=refuses(
        "wrong-state", "opinion-missing", "opinion-not-dealt-with", "document-number-taken", "case-suspended"
    ),
)
async def issue_opinion(case_id: Key, body: OpinionDocumentBody, context: DecideCase) -> Receipt:
    case, by = await acting_on(context, case_id)
    dealt_with = _plain(body.dealt_with)
    command = opinion.IssueOpinion(case_id, body.number, body.conclusion, body.attachments, dealt_with, by)
    key = document_key(case.unit.prefecture, shanghai_date(context.now).year, body.number)
    return await act_on_case(context, opinion.issue_opinion, command, Receipt, [("document_numbers", key)])


@router.post(
    "/forward",
    summary="Forward a case to the region",
    openapi_extra=based_on_rule(basis("V4")),
    responses=refuses("wrong-state", "deadline-passed", "case-suspended", "level-not-reviewed"),
)
async def forward_case(case_id: Key, context: DecideCase) -> Receipt:
    """After the deadline the case is late, and that is recorded (V4)."""
    _, by = await acting_on(context, case_id)
    command = opinion.ForwardCase(case_id, by)
    return await act_on_case(context, opinion.forward_case, command, Receipt)


def _plain(dealt_with: DealtWith) -> dict[str, str]:
    return {department.value: words for department, words in dealt_with.items()}
