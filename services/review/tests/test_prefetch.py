"""A batch asks the database once for each collection, and not once for each of its messages or jobs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import review.api
from chassis.handling import Document, Filter, Sort
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import DocumentReader, read_only_unit
from chassis.scheduling import Job
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit.clock import FixedClock
from devkit.in_memory_store import InMemoryStore
from messages.applications import ApplicationAccepted, ApplicationWithdrawn, EligibilityLost
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
from review.domain.case import Case
from review.handlers.consultation import AnswerConsultation, answer_consultation
from review.handlers.loading import document_of_batch, documents_to_act_on
from review.handlers.opinion import DecideInitialReview, ForwardCase, decide_initial_review, forward_case
from review.jobs import JOBS
from review.store import AGGREGATES, INDEXES, Store

from .builders import (
    DEPARTMENTS,
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
    withdrawn,
)
from .harness import ReviewHarness

FEW, MANY = 10, 100
NOW = at(OPENED)
BODIES = organisations(MANY)


def _assessor(of: UnitRef) -> AssessorRef:
    return AssessorRef(uscc=of.uscc, name="内蒙古示例评价有限公司")


MESSAGES: dict[type[Event], Callable[[str, UnitRef], Event]] = {
    ApplicationAccepted: lambda case_id, of: accepted(case_id, of, by=_assessor(of)),
    ApplicationWithdrawn: withdrawn,
    EligibilityLost: ineligible,
    UnitRemoved: lambda _, of: removed(of),
    UnitListed: listed,
    AssessorRegistered: lambda _, of: registered(_assessor(of)),
    LegalRepresentativeChanged: lambda _, of: represented(_assessor(of)),
    AssessorSanctioned: lambda _, of: sanctioned(2, _assessor(of)),
    SanctionRevoked: lambda _, of: revoked(3, _assessor(of)),
}
"""How to make a message of each type for a case and its unit; a new subscription needs an entry."""


class CountingReader:
    """A reader that notes each question."""

    def __init__(self, reader: DocumentReader, asked: list[str]) -> None:
        self._reader = reader
        self._asked = asked

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        self._asked.append(f"load {collection}")
        return await self._reader.load(collection, keys)

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        self._asked.append(f"find {collection}")
        return await self._reader.find(collection, where, sort, limit)

    async def count(self, collection: str, where: Filter) -> int:
        self._asked.append(f"count {collection}")
        return await self._reader.count(collection, where)


class CountingStore(InMemoryStore):
    """The store in memory, with the questions of its snapshots."""

    def __init__(self) -> None:
        super().__init__(INDEXES)
        self.asked: list[str] = []

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Any]:
        async with super().snapshot() as reader:
            yield CountingReader(reader, self.asked)


async def run_batch(database: CountingStore, items: Iterable[WorkItem], now: datetime = NOW) -> Counter[str]:
    """Run one batch; return what it asked, by kind of question."""
    database.asked.clear()
    waiting = list(items)
    transaction = BatchTransaction(database, "review", AGGREGATES, FixedClock(now), Metrics())
    await transaction.run(waiting)
    for each in waiting:
        await each.waiter
    return Counter(database.asked)


def message_items(subscription: Any, count: int) -> list[WorkItem]:  # noqa: ANN401 - any subscription
    make = MESSAGES[subscription.event_type]
    events = [make(f"app-{number:03d}", BODIES[number]) for number in range(count)]
    return [
        WorkItem(
            f"{subscription.event_type.type}:{number}",
            subscription.call(each, Store),
            Causation("test"),
            event_type=each.type,
            prefetch=subscription.prefetch(each),
            prefetch_related=subscription.related_keys(each, Store),
        )
        for number, each in enumerate(events)
    ]


def subscription_to(event_type: type[Event]) -> Any:  # noqa: ANN401
    return next(each for each in SUBSCRIPTIONS if each.event_type is event_type)


async def database_with(count: int, *heard: type[Event]) -> CountingStore:
    """Return a database that has handled ``count`` messages of each of these types."""
    database = CountingStore()
    for each in heard:
        await run_batch(database, message_items(subscription_to(each), count))
    return database


@pytest.mark.parametrize("opened", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda each: each.event_type.__name__)
async def test_a_batch_of_messages_asks_as_much_as_a_small_one(subscription: Any, *, opened: bool) -> None:  # noqa: ANN401
    """Before and after the cases of the messages are opened."""
    asked = []
    for count in (FEW, MANY):
        database = await database_with(count, *([ApplicationAccepted] if opened else []))
        asked.append(await run_batch(database, message_items(subscription, count)))

    assert asked[0] == asked[1]
    assert max(asked[1].values()) == 1


PAGE_OF_ITS_OWN = {
    "settle-sanctions": "each item is a page of up to 100 cases, found by its own question",
    "settle-bans": "each item is a page of up to 100 cases, found by its own question",
    "conclude-notices": "one notice ends a day, and its cases are read in pages",
}
"""Jobs whose items ask for themselves, with the reason."""
DUE_ON = {
    "remind-departments": OPENED.replace(month=5, day=15),
    "mark-opinions-overdue": OPENED.replace(month=5, day=26),
    "close-late-cases": OPENED.replace(month=7, day=1),
}
ASKED_BY_A_JOB = {"load inbox", "load cases", "load unit_statuses", "load assessors"}


def job_items(job: Job[Any], due: Sequence[Any]) -> list[WorkItem]:
    return [
        WorkItem(job.inbox_id(each), job.call(each, Store), Causation("test"), prefetch=job.prefetch(each))
        for each in due
    ]


def test_every_job_has_its_day_or_its_reason() -> None:
    assert {each.name for each in JOBS} == {*PAGE_OF_ITS_OWN, *DUE_ON}


@pytest.mark.parametrize("job", [each for each in JOBS if each.name in DUE_ON], ids=lambda each: each.name)
async def test_a_batch_of_job_items_asks_as_much_as_a_small_one(job: Job[Any]) -> None:
    """The jobs run one after another, each on its day, up to the one asked."""
    for count in (FEW, MANY):
        database = await database_with(count, AssessorSanctioned, SanctionRevoked, ApplicationAccepted)
        for name, day in DUE_ON.items():
            each = next(one for one in JOBS if one.name == name)
            due = await each.due(Store(read_only_unit(database)), at(day))
            assert len(due) == count, name
            asked = await run_batch(database, job_items(each, due), at(day))
            if each is job:
                break

        assert asked == dict.fromkeys(ASKED_BY_A_JOB, 1)


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


def _command_items(handler: Callable[..., Any], commands: Iterable[Any], cases: Iterable[Case]) -> list[WorkItem]:
    return [
        WorkItem(
            each.case_id,
            lambda opened, now, command=each: handler(command, Store(opened), now),
            Causation("test"),
            prefetch=(*documents_to_act_on(case), document_of_batch(case)),
        )
        for each, case in zip(commands, cases, strict=True)
    ]


@pytest.mark.parametrize(
    ("stage", "handler", "command"),
    [
        (
            "open",
            answer_consultation,
            lambda case_id: AnswerConsultation(case_id, DEPARTMENTS[0], "agree", "", OFFICER),
        ),
        ("agree", decide_initial_review, lambda case_id: DecideInitialReview(case_id, True, "", {}, OFFICER)),
        ("issue", forward_case, lambda case_id: ForwardCase(case_id, OFFICER)),
    ],
    ids=["answer", "accept", "forward"],
)
async def test_a_batch_of_commands_asks_as_much_as_a_small_one(
    handlers: ReviewHarness,
    stage: str,
    handler: Callable[..., Any],
    command: Callable[[str], Any],
) -> None:
    for number in range(FEW):
        case_id = await handlers.open(accepted(f"app-{number:03d}", BODIES[number], by=_assessor(BODIES[number])))
        if stage != "open":
            await handlers.agree(case_id)
        if stage == "issue":
            await handlers.accept(case_id)
            await handlers.issue(case_id)
    cases = await handlers.store().cases.find()
    asked = []
    for count in (2, FEW):
        database = CountingStore()
        database.collections = handlers.memory.collections
        commands = [command(case.case_id) for case in cases[:count]]
        asked.append(await run_batch(database, _command_items(handler, commands, cases[:count])))

    assert asked[0] == asked[1] == dict.fromkeys([*ASKED_BY_A_JOB, "load batches"], 1)
