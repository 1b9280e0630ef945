"""Cases, bans and document numbers on the real database, asked by two processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from chassis.handling import Refusal
from chassis.persistence.errors import WriteConflictError
from chassis.settling import LONGEST_TRANSACTION
from chassis.transactions.execution import Execution
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.review import CaseClosed
from messages.values import AssessorRef, Department
from review.domain.record import ActorRef, verify_chain
from review.handlers.applications import close_withdrawn_case, open_case
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.consultation import AnswerConsultation, answer_consultation
from review.handlers.opinion import issue_opinion
from review.handlers.units import record_ban
from review.jobs import due_reminders, ended_notices, late_cases, overdue_opinions
from review.store import AGGREGATES, INDEXES, Store

from .builders import (
    ASSESSOR,
    DEPARTMENTS,
    OPENED,
    accepted,
    at,
    organisations,
    removed,
    revoked,
    sanctioned,
    withdrawn,
)
from .harness import SETTLING_JOBS, Message, ReviewHarness

pytestmark = pytest.mark.connected

RACES = 36
NOW = at(OPENED)


@pytest.fixture
async def two(servers: PrivateServers, clock: FixedClock) -> AsyncIterator[CommitterCluster[Store]]:
    """Two processes of review on one database."""
    clock.move_to(NOW)
    async with committer_cluster(
        servers, "review", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock
    ) as opened:
        yield opened


async def settle(two: CommitterCluster[Store], clock: FixedClock) -> None:
    """Run the settling jobs up to their second round, at both processes."""
    for _ in range(2):
        for job in SETTLING_JOBS:
            while items := await job.due(two.read(), clock.now()):
                await asyncio.gather(*(two.perform(n % 2, job.handler, item) for n, item in enumerate(items)))
        clock.advance(LONGEST_TRANSACTION)


async def run_jobs_once(two: CommitterCluster[Store], process: int, clock: FixedClock) -> None:
    for job in SETTLING_JOBS:
        for item in await job.due(two.read(), clock.now()):
            await two.perform(process, job.handler, item)


@pytest.mark.rule("S2", "S4", "B2")
async def test_of_openings_sanctions_and_bans_at_the_same_moment_none_is_missed(
    two: CommitterCluster[Store], clock: FixedClock
) -> None:
    """Every third assessor is cleared again; every fourth unit is banned."""
    for number, each in enumerate(organisations(RACES)):
        rests_on = AssessorRef(uscc=each.uscc, name="内蒙古示例评价有限公司")
        said = [
            two.perform(0, open_case, accepted(f"app-{number:03d}", each, by=rests_on)),
            two.perform(1, record_sanction, sanctioned(2, rests_on)),
            run_jobs_once(two, number % 2, clock),
        ]
        if number % 3 == 0:
            said.append(two.perform(1, record_revocation, revoked(3, rests_on)))
        if number % 4 == 0:
            said.append(two.perform(0, record_ban, removed(each)))
        await asyncio.gather(*said)

    await settle(two, clock)

    cases = await two.read().cases.find()
    assert [each.ended for each in cases] == [number % 4 == 0 for number in range(RACES)]
    going_on = {each.case_id: each.suspended_by is not None for each in cases if not each.ended}
    assert going_on == {f"app-{number:03d}": number % 3 != 0 for number in range(RACES) if number % 4 != 0}
    assert (await two.published())[CaseClosed.type] == RACES / 4


@pytest.mark.parametrize("fact", [(record_sanction, sanctioned()), (record_ban, removed())], ids=["sanction", "ban"])
@pytest.mark.rule("S2", "B2")
async def test_an_opening_that_read_before_the_fact_is_found_by_the_second_round_and_not_by_the_first(
    two: CommitterCluster[Store], clock: FixedClock, fact: Message
) -> None:
    """The first half is the control: here two transactions miss each other for certain."""
    async with crossed_opening(two, clock):
        await two.perform(1, *fact)
        await run_jobs_once(two, 1, clock)
    missed = await two.read().cases.require("app-1")
    assert (missed.ended, missed.suspended_by) == (False, None)

    await settle(two, clock)

    found = await two.read().cases.require("app-1")
    assert found.ended or found.suspended_by == sanctioned().document_number


@pytest.mark.rule("A5", "V10")
async def test_an_opening_that_read_before_the_withdrawal_conflicts_with_it(
    two: CommitterCluster[Store], clock: FixedClock
) -> None:
    with pytest.raises(WriteConflictError):
        async with crossed_opening(two, clock):
            await two.perform(1, close_withdrawn_case, withdrawn())

    await two.perform(0, open_case, accepted(by=ASSESSOR))

    assert (await two.read().cases.require("app-1")).ended


@asynccontextmanager
async def crossed_opening(two: CommitterCluster[Store], clock: FixedClock) -> AsyncIterator[None]:
    """Read and decide the opening of a case before the block, commit it after: a transaction on an old snapshot."""
    async with two.database.snapshot() as snapshot:
        execution = Execution(snapshot, AGGREGATES)
        done, _ = await execution.handle(
            lambda opened, now: open_case(accepted(by=ASSESSOR), Store(opened), now), clock.now()
        )
        execution.add(done)
        yield
    await two.database.commit(execution.change_set())


@pytest.mark.rule("V3")
async def test_of_two_documents_with_one_number_at_the_same_moment_one_is_issued(
    handlers: ReviewHarness, two: CommitterCluster[Store]
) -> None:
    for number, each in enumerate(organisations(2)):
        case_id = await handlers.open(accepted(f"app-{number}", each))
        await handlers.agree(case_id)
        await handlers.accept(case_id)
    await two.adopt(handlers.memory.collections)

    answers = await asyncio.gather(
        *(two.perform(n, issue_opinion, handlers.opinion(f"app-{n}", "包工信〔2026〕1号")) for n in (0, 1)),
        return_exceptions=True,
    )

    assert [each.code for each in answers if isinstance(each, Refusal)] == ["document-number-taken"]
    assert sorted(each.state for each in await two.read().cases.find()) == ["initial_review_accepted", "opinion_issued"]


@pytest.mark.rule("V14", "V2")
async def test_departments_answering_at_once_leave_every_opinion_and_an_unbroken_record(
    two: CommitterCluster[Store],
) -> None:
    await two.perform(0, open_case, accepted())

    async def answer(process: int, department: Department) -> object:
        by = ActorRef(f"officer-{process}", "consulted_department")
        return await two.perform(process, answer_consultation, AnswerConsultation("app-1", department, "agree", "", by))

    await asyncio.gather(
        *(answer(process, department) for department in DEPARTMENTS for process in (0, 1)), return_exceptions=True
    )

    store = two.read()
    case = await store.cases.require("app-1")
    entries = await store.records.find({"case_id": "app-1"}, sort=[("number", 1)])
    assert [each.opinion for each in case.consultation.opinions] == ["agree"] * 3
    assert len(entries) == 4
    assert verify_chain(entries, case.head) is None


@pytest.mark.rule("V2", "V4", "V9")
async def test_what_is_due_is_found_on_the_real_database(two: CommitterCluster[Store]) -> None:
    await two.perform(0, open_case, accepted())
    store, later = two.read(), at(OPENED.replace(month=6))

    assert [each.case_id for each in await due_reminders(store, later)] == ["app-1"]
    assert list(await due_reminders(two.read(), NOW)) == []
    assert list(await overdue_opinions(two.read(), later)) == []
    assert [each.case_id for each in await late_cases(two.read(), later)] == ["app-1"]
    assert list(await late_cases(two.read(), NOW)) == []
    assert list(await ended_notices(two.read(), later)) == []
