"""A batch asks the database once for each collection, and not once for each of its messages, commands or jobs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import review.api
from chassis.inbox import Subscription
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.scheduling import Job
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit.batches import BatchHarness
from devkit.clock import FixedClock
from messages.applications import ApplicationAccepted, ApplicationWithdrawn, CodeRecorded, EligibilityLost
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.event import Event
from messages.registry import UnitListed, UnitRemoved
from messages.values import AssessorRef, UnitRef
from review.bus import SUBSCRIPTIONS
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.consultation import AnswerConsultation, answer_consultation
from review.handlers.loading import documents_beside_case
from review.handlers.opinion import DecideInitialReview, ForwardCase, decide_initial_review, forward_case
from review.handlers.scoring import FillScoreSheet, fill_score_sheet
from review.jobs import JOBS
from review.store import AGGREGATES, INDEXES, Store

from .builders import (
    DEPARTMENTS,
    EXPERTS,
    OFFICER,
    OPENED,
    accepted,
    at,
    ineligible,
    listed,
    organisations,
    registered,
    removed,
    represented,
    revoked,
    sanctioned,
    sheet,
    withdrawn,
)
from .harness import ReviewHarness

FEW, MANY = 10, 100
UNITS = organisations(MANY)


def _assessor(of: UnitRef) -> AssessorRef:
    return AssessorRef(uscc=of.uscc, name="内蒙古示例评价有限公司")


MESSAGES: dict[type[Event], Callable[[str, UnitRef], Event]] = {
    ApplicationAccepted: lambda case_id, of: accepted(case_id, of, by=_assessor(of)),
    ApplicationWithdrawn: withdrawn,
    CodeRecorded: lambda _, of: CodeRecorded(uscc=of.uscc, document_number="1号", recorded_on=OPENED),
    EligibilityLost: ineligible,
    UnitRemoved: lambda _, of: removed(of),
    UnitListed: listed,
    AssessorRegistered: lambda _, of: registered(_assessor(of)),
    LegalRepresentativeChanged: lambda _, of: represented(_assessor(of)),
    AssessorSanctioned: lambda _, of: sanctioned(2, _assessor(of)),
    SanctionRevoked: lambda _, of: revoked(3, _assessor(of)),
}
"""How to make a message of each type for a case and its unit; a new subscription needs an entry."""


def on(handlers: ReviewHarness, day: date = OPENED) -> BatchHarness:
    """Return the transactions of the service on the documents of these handlers."""
    harness = BatchHarness("review", Store, AGGREGATES, FixedClock(at(day)), INDEXES)
    harness.memory.collections = handlers.memory.collections
    return harness


def messages_to(subscription: Subscription[Any], count: int) -> list[Event]:
    make = MESSAGES[subscription.event_type]
    return [make(f"app-{number:03d}", of) for number, of in enumerate(UNITS[:count])]


@pytest.mark.parametrize("opened", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda each: each.event_type.__name__)
async def test_a_batch_of_messages_asks_once(subscription: Subscription[Any], *, opened: bool) -> None:
    """Before and after the cases of the messages are opened."""
    asked = []
    for count in (FEW, MANY):
        handlers = ReviewHarness()
        for each in messages_to(SUBSCRIPTIONS[0], count) if opened else []:
            await handlers.do(SUBSCRIPTIONS[0].handler, each)
        asked.append(await on(handlers).deliver(subscription, messages_to(subscription, count)))

    assert asked[0] == asked[1]
    assert set(asked[1].values()) == {1}


PAGE_OF_ITS_OWN = {
    "settle-sanctions": "each item is a page of up to 100 cases, found by its own question",
    "settle-bans": "each item is a page of up to 100 cases, found by its own question",
    "conclude-notices": "one notice ends a day, and its act reads the cases in pages",
    "note-overdue-receipts": "each item asks whether the region has been told that day",
    "carry-on-acts": "each item is one step of an act, a page of cases found by its own question",
}
"""Jobs whose items ask for themselves, with the reason."""
DUE_ON = {
    "remind-departments": OPENED.replace(month=5, day=15),
    "mark-opinions-overdue": OPENED.replace(month=5, day=26),
    "close-late-cases": OPENED.replace(month=7, day=1),
}
"""One after another, since an opinion is overdue only after a reminder."""
ASKED_OF_ACTS = ("inbox", "cases", "unit_statuses", "assessors")


def test_every_job_has_its_day_or_its_reason() -> None:
    assert {each.name for each in JOBS} == {*PAGE_OF_ITS_OWN, *DUE_ON}


@pytest.mark.parametrize("job", [each for each in JOBS if each.name in DUE_ON], ids=lambda each: each.name)
async def test_a_batch_of_job_items_asks_once(job: Job[Any]) -> None:
    handlers = ReviewHarness()
    await open_cases(handlers, MANY)
    for before in [each for each in JOBS if each.name in DUE_ON and DUE_ON[each.name] < DUE_ON[job.name]]:
        await handlers.run_jobs([before], at(DUE_ON[before.name]))

    asked = await on(handlers, DUE_ON[job.name]).run_job(job)

    assert asked == dict.fromkeys(ASKED_OF_ACTS, 1)


async def open_cases(handlers: ReviewHarness, count: int) -> list[str]:
    """Open cases whose assessors had a sanction and its revocation, so that there is a word to read on each."""
    opened = []
    for number, of in enumerate(UNITS[:count]):
        await handlers.do(record_sanction, sanctioned(2, _assessor(of)))
        await handlers.do(record_revocation, revoked(3, _assessor(of)))
        opened.append(await handlers.open(accepted(f"app-{number:03d}", of, by=_assessor(of))))
    return opened


API = Path(str(review.api.__file__)).parent
A_BATCH_AS_A_WHOLE = {"rank_batch", "open_notice", "conclude_notice", "appoint_panels"}
"""Commands about many cases, which they find themselves."""


def test_every_command_about_one_thing_declares_what_it_reads() -> None:
    undeclared = {
        ast.unparse(node.args[0]).rpartition(".")[2]
        for path in API.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "context.execute"
        if "prefetch" not in {each.arg for each in node.keywords}
    }

    assert undeclared == A_BATCH_AS_A_WHOLE


async def opened(handlers: ReviewHarness) -> list[str]:
    return await open_cases(handlers, FEW)


async def answered(handlers: ReviewHarness) -> list[str]:
    for case_id in (cases := await opened(handlers)):
        await handlers.agree(case_id)
    return cases


async def issued(handlers: ReviewHarness) -> list[str]:
    for case_id in (cases := await answered(handlers)):
        await handlers.accept(case_id)
        await handlers.issue(case_id)
    return cases


async def appointed(handlers: ReviewHarness) -> list[str]:
    await handlers.register(*EXPERTS[:3])
    for case_id in (cases := await issued(handlers)):
        await handlers.do(forward_case, ForwardCase(case_id, OFFICER))
        await handlers.appoint(case_id)
    return cases


@pytest.mark.parametrize(
    ("stage", "handler", "command"),
    [
        (opened, answer_consultation, lambda case: AnswerConsultation(case, DEPARTMENTS[0], "agree", "", OFFICER)),
        (answered, decide_initial_review, lambda case: DecideInitialReview(case, True, "", {}, OFFICER)),
        (issued, forward_case, lambda case: ForwardCase(case, OFFICER)),
        (appointed, fill_score_sheet, lambda case: FillScoreSheet(case, sheet(EXPERTS[0]), True, OFFICER)),
    ],
    ids=["answer", "accept", "forward", "sign"],
)
async def test_a_batch_of_commands_about_cases_asks_once(
    handlers: ReviewHarness,
    stage: Callable[[ReviewHarness], Any],
    handler: Callable[..., Any],
    command: Callable[[str], Any],
) -> None:
    """With the reads that ``act_on_case`` declares."""
    commands = [command(case_id) for case_id in await stage(handlers)]

    asked = await perform_together(on(handlers), handler, commands)

    assert asked == dict.fromkeys([*ASKED_OF_ACTS, "batches"], 1)


async def perform_together(harness: BatchHarness, handler: Callable[..., Any], commands: Sequence[Any]) -> Counter[str]:
    def item(command: Any) -> WorkItem:  # noqa: ANN401 - any command about a case
        return WorkItem(
            command.case_id,
            lambda unit, now: handler(command, Store(unit), now),
            Causation("test"),
            prefetch=[("cases", command.case_id)],
            prefetch_related=lambda unit: documents_beside_case(command, Store(unit)),
        )

    items = [item(command) for command in commands]
    await BatchTransaction(harness.memory, "review", AGGREGATES, harness.clock, Metrics()).run(items)
    for each in items:
        await each.waiter
    return harness.memory.batches[-1]
