"""Submissions and uploads on the real database: two processes at once, and a process that died in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from applications.domain.application import State
from applications.domain.facts import Fact, FactKind, FactSource
from applications.domain.files import SentFile
from applications.domain.records import PrefectureList
from applications.handlers import drafts, listings, quota, records, submission
from applications.store import AGGREGATES, INDEXES, Store
from chassis.handling import Refusal
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.registry import UnitRemoved
from messages.values import Ban, Evaluation, Level, UnitRef
from pydantic_core import to_jsonable_python

from .builders import (
    BY_ASSESSOR,
    DIGEST,
    NOW,
    SELF_EVALUATION,
    STEEL,
    SUBJECT,
    TODAY,
    assessor_registered,
    numbered_unit,
    report,
)
from .harness import save_evidence

pytestmark = pytest.mark.connected

ROUNDS = 8
BAN = Ban(first_day=TODAY, last_day=TODAY.replace(year=2029))


@pytest.fixture
async def cluster(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    """Two processes of the service on one database."""
    async with committer_cluster(
        servers, "applications", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW)
    ) as opened:
        yield opened


async def submit(cluster: CommitterCluster[Store], process: int, application_id: str) -> str:
    """Return ``taken in``, or the code of the refusal."""
    try:
        await cluster.perform(process, submission.submit_application, submission.Submit(application_id, SUBJECT))
    except Refusal as refusal:
        return refusal.code
    return "taken in"


async def open_drafts(
    cluster: CommitterCluster[Store], unit: UnitRef, *names: str, evaluation: Evaluation = SELF_EVALUATION
) -> list[str]:
    sent = SentFile(DIGEST, unit.uscc, "a.pdf", 9, "application/pdf")
    await cluster.perform(0, save_evidence, sent)
    await cluster.perform(0, records.record_prefecture_list, prefecture_list_of(unit))
    keys = [f"app-2026-{unit.uscc[8:17]}{name}" for name in names]
    for key in keys:
        opened = drafts.OpenDraft(key, unit, Level.REGION, 2026, evaluation, report=report(unit))
        await cluster.perform(0, drafts.open_draft, opened)
    return keys


def prefecture_list_of(unit: UnitRef) -> PrefectureList:
    return PrefectureList(f"list-{unit.uscc}", unit.prefecture, "1号", TODAY, (unit,), "officer-1")


def removal_of(unit: UnitRef) -> UnitRemoved:
    return UnitRemoved(
        unit_key=unit.key,
        unit=unit,
        levels=(Level.PREFECTURE,),
        reasons=(),
        removed_on=TODAY,
        document_number="9号",
        ban=BAN,
        rule_set="2024-01-19",
        sequence=1,
    )


@pytest.mark.rule("E13")
async def test_of_two_submissions_for_one_title_at_the_same_moment_one_is_taken_in(
    cluster: CommitterCluster[Store],
) -> None:
    for number in range(ROUNDS):
        unit = numbered_unit(number)
        keys = await open_drafts(cluster, unit, "a", "b")

        ways = await asyncio.gather(submit(cluster, 0, keys[0]), submit(cluster, 1, keys[1]))

        assert sorted(ways) == ["not-eligible", "taken in"]
        assert len((await cluster.read().standings.require(unit.uscc)).open) == 1
    assert (await cluster.published())["applications.application.accepted.v1"] == ROUNDS


@pytest.mark.rule("B2")
@pytest.mark.rule("E11")
async def test_a_removal_at_the_moment_of_a_submission_leaves_nothing_waiting(cluster: CommitterCluster[Store]) -> None:
    await cluster.perform(0, quota.record_assessor, assessor_registered())
    for number in range(ROUNDS):
        unit = numbered_unit(number)
        (key,) = await open_drafts(cluster, unit, "a", evaluation=BY_ASSESSOR)

        await asyncio.gather(submit(cluster, 0, key), cluster.perform(1, listings.record_removal, removal_of(unit)))

        found = await cluster.read().applications.require(key)
        assert found.state is State.REFUSED
        assert {each.rule for each in found.refusals} & {"B2", "E11"}
        assert (await cluster.read().standings.require(unit.uscc)).open == ()


@pytest.mark.rule("V10")
@pytest.mark.rule("E4")
async def test_a_fact_recorded_at_the_moment_of_a_submission_is_not_missed(cluster: CommitterCluster[Store]) -> None:
    for number in range(ROUNDS):
        unit = numbered_unit(number)
        (key,) = await open_drafts(cluster, unit, "a")
        fraud = Fact(f"fact-{number}", unit.uscc, FactKind.FRAUD, TODAY, FactSource.AGENCY, "1号")

        await asyncio.gather(submit(cluster, 0, key), cluster.perform(1, records.record_fact, fraud))

        found = await cluster.read().applications.require(key)
        assert (found.is_open, {each.rule for each in found.refusals}) == (False, {"E4"})
        assert (await cluster.read().standings.require(unit.uscc)).open == ()


@pytest.mark.rule("A4")
async def test_one_key_at_two_processes_at_once_is_one_submission(cluster: CommitterCluster[Store]) -> None:
    (key,) = await open_drafts(cluster, STEEL, "a")
    command = submission.Submit(key, SUBJECT)

    answers = await asyncio.gather(
        *(cluster.perform(process, submission.submit_application, command, "li|once") for process in (0, 1))
    )

    assert [_plain(each) for each in answers] == [_plain(answers[0])] * 2
    assert await cluster.published() == {
        "applications.application.accepted.v1": 1,
        "applications.application.submitted.v1": 1,
    }
    assert (await cluster.read().applications.require(key)).submissions == 1


def _plain(answer: object) -> dict[str, object]:
    """The first answer is the handler's own value, a repeated one its JSON."""
    plain = to_jsonable_python(answer)
    assert isinstance(plain, dict)
    return plain
