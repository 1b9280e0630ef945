"""Cases, bans and document numbers on the real database, asked by two processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from chassis.handling import Refusal
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.review import Stage
from messages.values import Department, Level, UnitRef
from review.domain.ranking import Batch, verify_ranking
from review.domain.record import ActorRef, verify_chain
from review.handlers.applications import open_case
from review.handlers.consultation import AnswerConsultation, answer_consultation
from review.handlers.notice import OpenNotice, open_notice
from review.handlers.opinion import issue_opinion
from review.handlers.ranking import RankBatch, rank_batch
from review.handlers.units import stop_cases_of_removed_unit
from review.jobs import due_reminders, ended_notices, late_cases, overdue_opinions
from review.store import AGGREGATES, INDEXES, Store
from stdnum.cn import uscc as gb32100

from .builders import DEPARTMENTS, OPENED, REGION, SEED, accepted, at, removed, score, unit
from .harness import ReviewHarness

pytestmark = pytest.mark.connected

ROUNDS = 12
SEASON = 200
NOW = at(OPENED)


@pytest.fixture
async def two(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    """Two processes of review on one database."""
    async with committer_cluster(
        servers, "review", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW)
    ) as opened:
        yield opened


def organisations(count: int) -> list[UnitRef]:
    """Invented organisations with valid codes."""
    digit: Callable[[str], str] = gb32100.calc_check_digit
    bodies = [f"91150100{number:09d}" for number in range(1, count + 1)]
    return [unit(body + digit(body)) for body in bodies]


@pytest.mark.rule("B2")
async def test_a_removal_and_a_new_case_at_the_same_moment_never_leave_the_case_open(
    two: CommitterCluster[Store],
) -> None:
    for number, struck in enumerate(organisations(ROUNDS)):
        await asyncio.gather(
            two.perform(0, open_case, accepted(f"app-{number}", struck)),
            two.perform(1, stop_cases_of_removed_unit, removed(struck)),
        )

    cases = await two.read().cases.find()
    assert len(cases) == ROUNDS
    assert {each.state for each in cases} == {Stage.CLOSED}
    assert {each.closing.outcome for each in cases if each.closing} == {"ineligible"}


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


@pytest.mark.rule("V8", "V9")
async def test_a_whole_season_is_ranked_and_published_in_one_commit_each(
    handlers: ReviewHarness, two: CommitterCluster[Store]
) -> None:
    for number, each in enumerate(organisations(SEASON)):
        case_id = await handlers.open(accepted(f"app-{number:03d}", each))
        case = await handlers.case(case_id)
        reviewed = replace(case, state=Stage.SCORED, score=score(str(50 + number % 50)))
        await handlers.do(_put, reviewed)
    await handlers.do(_put_batch, Batch("region-2026", Level.REGION, 2026, SEED))
    await two.adopt(handlers.memory.collections)

    made = await two.perform(0, rank_batch, RankBatch(Level.REGION, 2026, False, REGION, "上报已全部完成"))
    shown = await two.perform(1, open_notice, OpenNotice(Level.REGION, 2026, None, REGION))

    store = two.read()
    assert len(shown["lines"]) == SEASON * 3 // 5
    assert len(await store.cases.find({"state": Stage.IN_NOTICE})) == len(shown["lines"])
    assert verify_ranking(await store.rankings.require(made["ranking_id"]))
    for case in (await store.cases.find())[:5]:
        entries = await store.records.find({"case_id": case.case_id}, sort=[("number", 1)])
        assert entries[-1].action == (
            "in public notice" if case.state is Stage.IN_NOTICE else "closed: below_pass_mark"
        )


async def _put(case: Any, store: Store, _now: object) -> list[Any]:  # noqa: ANN401 - the bench's handler
    store.cases.save(case.case_id, case)
    return []


async def _put_batch(batch: Batch, store: Store, _now: object) -> list[Any]:
    store.batches.save(batch.batch_id, batch)
    return []


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
