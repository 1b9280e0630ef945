"""Nothing happens to a case between the word on its assessor or unit and the job that brings the case to it."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable, Iterator
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import review.handlers
from chassis.handling import Refusal
from messages.review import CaseCleared, CaseClosed, CaseResumed, CaseSuspended, InitialReviewAccepted, Stage
from messages.values import Level
from review.domain.record import ActorRef, verify_chain
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.consultation import (
    AnswerConsultation,
    MarkOverdue,
    RemindDepartments,
    answer_consultation,
    mark_overdue,
    remind_departments,
)
from review.handlers.opinion import (
    CloseLateCase,
    DecideInitialReview,
    ForwardCase,
    close_late_case,
    decide_initial_review,
    forward_case,
    issue_opinion,
)
from review.handlers.panel import (
    AppointPanel,
    AppointPanels,
    DeclareConflict,
    appoint_panel,
    appoint_panels,
    declare_conflict,
)
from review.handlers.scoring import FillScoreSheet, fill_score_sheet
from review.handlers.units import record_ban

from .builders import (
    ASSESSOR,
    COPPER,
    DEPARTMENTS,
    EXPERTS,
    OFFICER,
    ORGANISATION,
    STEEL,
    accepted,
    order,
    removed,
    revoked,
    sanctioned,
    sheet,
    unit,
)
from .harness import ReviewHarness

HANDLERS = Path(str(review.handlers.__file__)).parent
MEETS_CASES_ITSELF = MappingProxyType(
    {
        "loading": "it is the way",
        "transitions": "it saves what was loaded that way",
        "applications": "it opens a case by all that is known, or ends it, which no sanction forbids",
        "assessors": "it settles the sanction, on pages brought to the newest word",
        "units": "it settles the ban, on pages brought to the newest word, or records the listing, which ends the case",
        "ranking": "it counts and tries, and changes no case",
        "ranking_steps": "it selects from pages of a batch, brought to the newest word",
        "notice": "it counts the cases that a notice would show",
        "notice_steps": "it selects from pages of a batch, brought to the newest word",
    }
)


def modules() -> Iterator[Path]:
    yield from (path for path in sorted(HANDLERS.glob("*.py")) if path.stem not in {"__init__", "ports"})


@pytest.mark.rule("S2", "B2")
def test_no_handler_meets_a_case_but_through_the_module_that_brings_it_to_the_newest_word() -> None:
    meeting = {
        path.stem
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "cases"
    }

    assert meeting == set(MEETS_CASES_ITSELF)


Step = Callable[[ReviewHarness], Awaitable[Any]]


async def opened(handlers: ReviewHarness) -> str:
    return await handlers.open(accepted(by=ASSESSOR))


async def answered(handlers: ReviewHarness) -> str:
    await handlers.agree(await opened(handlers))
    return "app-1"


async def accepted_by_prefecture(handlers: ReviewHarness) -> str:
    await handlers.accept(await answered(handlers))
    return "app-1"


async def issued(handlers: ReviewHarness) -> str:
    await handlers.issue(await accepted_by_prefecture(handlers))
    return "app-1"


async def forwarded(handlers: ReviewHarness) -> str:
    await handlers.register(*EXPERTS[:3])
    return await handlers.forward(accepted(by=ASSESSOR))


async def scoring(handlers: ReviewHarness) -> str:
    await handlers.appoint(await forwarded(handlers))
    return "app-1"


DEPARTMENT = ActorRef("officer", "consulted_department")
ANSWER = (answer_consultation, AnswerConsultation("app-1", DEPARTMENTS[0], "agree", "", DEPARTMENT))
ACCEPT = (decide_initial_review, DecideInitialReview("app-1", accept=True, text="", dealt_with={}, by=OFFICER))
REFUSE = (decide_initial_review, DecideInitialReview("app-1", accept=False, text="不符合", dealt_with={}, by=OFFICER))
ISSUE = (issue_opinion, ReviewHarness().opinion("app-1"))
FORWARD = (forward_case, ForwardCase("app-1", OFFICER))
APPOINT = (appoint_panel, AppointPanel("app-1", (), ORGANISATION))
SIGN = (fill_score_sheet, FillScoreSheet("app-1", sheet("expert-1"), True, ActorRef("expert-1", "expert")))
ACTS = pytest.mark.parametrize(
    ("stage", "act"),
    [
        (opened, ANSWER),
        (answered, ACCEPT),
        (answered, REFUSE),
        (accepted_by_prefecture, ISSUE),
        (issued, FORWARD),
        (forwarded, APPOINT),
        (scoring, SIGN),
    ],
    ids=["answer", "accept", "refuse", "issue", "forward", "appoint", "sign"],
)


@ACTS
@pytest.mark.rule("S2")
async def test_no_act_passes_a_sanction_whose_job_has_not_run_yet(
    handlers: ReviewHarness, stage: Step, act: tuple[Any, Any]
) -> None:
    await stage(handlers)
    before = await handlers.case()
    await handlers.do(record_sanction, sanctioned())

    with pytest.raises(Refusal, match="case-suspended"):
        await handlers.do(*act)

    assert await handlers.case() == before


@ACTS
@pytest.mark.rule("B2")
async def test_no_act_passes_a_ban_whose_job_has_not_run_yet(
    handlers: ReviewHarness, stage: Step, act: tuple[Any, Any]
) -> None:
    await stage(handlers)
    await handlers.do(record_ban, removed())

    with pytest.raises(Refusal, match="wrong-state"):
        await handlers.do(*act)


@pytest.mark.rule("S2", "V5")
async def test_the_draw_of_panels_leaves_out_whose_assessor_is_sanctioned(handlers: ReviewHarness) -> None:
    await forwarded(handlers)
    await handlers.do(record_sanction, sanctioned())

    drawn = (await handlers.execute(appoint_panels, AppointPanels(Level.REGION, 2026, ORGANISATION))).value

    assert (drawn.appointed, drawn.impossible) == ((), ())
    assert (await handlers.case()).state is Stage.FORWARDED


@pytest.mark.rule("B2", "V5")
async def test_no_seat_on_the_case_of_a_banned_unit_passes_on(handlers: ReviewHarness) -> None:
    await scoring(handlers)
    case = await handlers.case()
    assert case.panel is not None
    await handlers.do(record_ban, removed())
    declared = DeclareConflict(case.panel.experts[0], case.unit.uscc, "曾任职", ORGANISATION)

    assert await handlers.do(declare_conflict, declared) == []
    assert (await handlers.case()).panel == case.panel


@pytest.mark.rule("S4")
async def test_an_act_after_the_revocation_brings_the_case_up_to_it_first(handlers: ReviewHarness) -> None:
    await answered(handlers)
    await handlers.deliver(record_sanction, sanctioned())
    await handlers.do(record_revocation, revoked())

    said = await handlers.do(*ACCEPT)

    assert [type(each) for each in said] == [CaseResumed, InitialReviewAccepted]
    case = await handlers.case()
    entries = await handlers.store().records.find({"case_id": "app-1"}, sort=[("number", 1)])
    assert [(each.action, each.subject) for each in entries[-2:]] == [
        ("resumed", "review"),
        ("initial review accepted", OFFICER.subject),
    ]
    assert verify_chain(entries, case.head) is None
    assert await handlers.settle() == []


@pytest.mark.rule("S2", "V4")
async def test_a_late_case_names_the_sanction_that_its_job_has_not_reached(handlers: ReviewHarness) -> None:
    await opened(handlers)
    await handlers.do(record_sanction, sanctioned())
    handlers.today = date(2026, 6, 1)

    suspended, closed = await handlers.do(close_late_case, CloseLateCase("app-1"))

    assert isinstance(suspended, CaseSuspended)
    assert isinstance(closed, CaseClosed)
    assert sanctioned().document_number in closed.reasons[0].text


@pytest.mark.rule("B2", "V2")
@pytest.mark.parametrize(
    "due", [(remind_departments, RemindDepartments("app-1")), (mark_overdue, MarkOverdue("app-1"))]
)
async def test_a_job_leaves_the_case_of_a_banned_unit_to_the_job_of_the_ban(
    handlers: ReviewHarness, due: tuple[Any, Any]
) -> None:
    await opened(handlers)
    await handlers.do(record_ban, removed())
    handlers.today = date(2026, 5, 20)

    assert await handlers.do(*due) == []
    assert [type(each) for each in await handlers.settle()] == [CaseClosed]


WORDS = pytest.mark.parametrize(
    "word", [(record_sanction, sanctioned()), (record_ban, removed(unit(COPPER)))], ids=["sanction", "ban"]
)


async def two_scored(handlers: ReviewHarness) -> tuple[str, str]:
    """One case that rests on no assessor, and one of another unit that rests on the assessor."""
    await handlers.register()
    plain = await handlers.score(accepted("app-1", unit(STEEL)))
    resting = await handlers.score(accepted("app-2", unit(COPPER), by=ASSESSOR), "0.95")
    await handlers.visit()
    return plain, resting


@WORDS
@pytest.mark.rule("S2", "B2", "V8")
async def test_a_ranking_leaves_out_whom_the_job_of_the_word_has_not_reached(
    handlers: ReviewHarness, word: tuple[Any, Any]
) -> None:
    plain, _ = await two_scored(handlers)
    await handlers.do(*word)

    assert order(await handlers.rank()) == [plain]


@WORDS
@pytest.mark.rule("S2", "B2", "V9")
async def test_a_notice_leaves_out_whom_the_job_of_the_word_has_not_reached(
    handlers: ReviewHarness, word: tuple[Any, Any]
) -> None:
    plain, resting = await two_scored(handlers)
    await handlers.rank()
    assert (await handlers.case(resting)).state is Stage.RANKED
    await handlers.do(*word)

    await handlers.publish()

    assert (await handlers.case(plain)).state is Stage.IN_NOTICE
    assert (await handlers.case(resting)).notice_id is None


@WORDS
@pytest.mark.rule("S2", "B2", "V10")
async def test_the_end_of_a_notice_clears_nobody_whom_the_job_of_the_word_has_not_reached(
    handlers: ReviewHarness, word: tuple[Any, Any]
) -> None:
    plain, resting = await two_scored(handlers)
    await handlers.rank()
    handlers.today = date(2026, 6, 18)
    shown_in = await handlers.publish()
    await handlers.do(*word)
    handlers.today = date(2026, 6, 27)

    await handlers.conclude(shown_in)
    await handlers.settle()

    assert (await handlers.case(plain)).state is Stage.CLEARED
    assert not any(isinstance(each, CaseCleared) and each.case_id == resting for each in handlers.published)
