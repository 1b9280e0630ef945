"""A batch asks once for all its messages and commands, and messages of different units write nothing in common."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import pytest
from applications.api import router
from applications.bus import SUBSCRIPTIONS
from applications.domain.application import Application, State
from applications.domain.facts import Fact, FactKind, FactSource
from applications.domain.files import SentFile
from applications.domain.report import NamedFile
from applications.handlers.quota import record_assessor
from applications.store import AGGREGATES, INDEXES, Store
from chassis.inbox import Subscription
from chassis.persistence.codec import codec
from chassis.persistence.unit_of_work import ChangeSet, Write
from devkit.api_harness import ApiHarness, api_harness
from devkit.batches import BatchHarness, RecordingStore, numbered_id, numbered_samples
from devkit.clock import FixedClock
from messages.values import Role, UnitRef

from .builders import (
    ASSESSOR,
    BY_ASSESSOR,
    DIGEST,
    NOW,
    RULES,
    STEEL,
    TODAY,
    application,
    assessor_registered,
    report,
    scheme_of,
    standing,
)

BATCH = 100
LOADS = 2
"""Queries for a collection: the keys that the messages name, and those found in the documents of the first."""
CASE, UNIT = "app-2026-0a1b2c3d4e5f", "9115060000000006XX"
"""Of the samples."""


def unit_of(number: int) -> UnitRef:
    return STEEL.model_copy(update={"uscc": numbered_id(UNIT, number)})


def application_of(number: int, **changes: Any) -> Application:  # noqa: ANN401 - fields by name
    """The application of the numbered sample: it names two files and an assessor that others name as well."""
    unit, key = unit_of(number), numbered_id(CASE, number)
    named = (NamedFile("a.pdf", DIGEST), NamedFile("b.pdf", f"{number:064x}"))
    filed = report(unit, evidence=named)
    fields = {"application_id": key, "report": filed, "evaluation": BY_ASSESSOR} | changes
    return application(unit, **fields)


async def fill(memory: RecordingStore, state: State) -> None:
    await memory.commit(ChangeSet([], documents(state), None))


@cache
def documents(state: State) -> list[Write]:
    """Return a hundred units, each with an application, a fact on record and two files."""
    values: dict[tuple[str, str], object] = {}
    for number in range(1, BATCH + 1):
        unit, filed = unit_of(number), application_of(number)
        submitted = filed.submit(NOW, TODAY, RULES, scheme_of(filed.unit)) if state is not State.DRAFT else filed
        opened = standing(unit, facts=(f"fact-{number}",))
        if state is State.SUBMITTED:
            opened = opened.with_open(filed.application_id, unit, filed.level)
        values |= {
            ("applications", filed.application_id): submitted,
            ("standings", unit.uscc): opened,
            ("facts", f"fact-{number}"): past_fact(number),
        }
        for each in filed.report.evidence if filed.report else ():
            sent = SentFile(each.sha256, unit.uscc, each.name, 9, "application/pdf")
            values["files", sent.key] = sent
    return [_write(*key, value) for key, value in values.items()]


def past_fact(number: int) -> Fact:
    """A fact so long ago that it bars nobody."""
    day = TODAY.replace(year=2015)
    return Fact(f"fact-{number}", unit_of(number).uscc, FactKind.TAX_EVASION, day, FactSource.OFFICER, "1号")


def _write(collection: str, key: str, value: object) -> Write:
    fields = codec(type(value)).dump(value)
    return Write(collection, key, 0, {"_id": key, "_version": 1, "_sequence": 0, **fields})


async def queries_of(subscription: Subscription[Any], count: int) -> tuple[Counter[str], BatchHarness]:
    harness = BatchHarness("applications", Store, AGGREGATES, FixedClock(NOW), INDEXES)
    await fill(harness.memory, State.SUBMITTED)
    return await harness.deliver(subscription, numbered_samples(subscription.event_type, count)), harness


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda each: each.event_type.type)
async def test_batch_of_messages_asks_as_often_as_a_single_one(subscription: Subscription[Any]) -> None:
    single, _ = await queries_of(subscription, 1)
    batch, _ = await queries_of(subscription, BATCH)

    assert batch == single
    assert max(batch.values()) <= LOADS
    assert not [each for each in batch if "in " in each]


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda each: each.event_type.type)
async def test_messages_about_different_units_write_nothing_in_common(subscription: Subscription[Any]) -> None:
    _, harness = await queries_of(subscription, 2)

    (one, other) = (numbered_id(each, 1) for each in (CASE, UNIT))
    written = [(each.collection, each.key) for each in harness.memory.commits[-1].writes]
    assert written
    assert len(written) % 2 == 0
    assert sum(one in key or other in key for _, key in written) == len(written) // 2


@pytest.fixture
async def recording_api() -> AsyncIterator[tuple[ApiHarness[Any], RecordingStore]]:
    memory = RecordingStore(INDEXES)
    await fill(memory, State.DRAFT)
    async with api_harness(
        "applications", router, Store, aggregates=AGGREGATES, clock=FixedClock(NOW), database=memory
    ) as api:
        await api.perform(record_assessor, assessor_registered())
        memory.batches.clear()
        yield api, memory


async def test_batch_of_submissions_asks_as_often_as_a_single_one(
    recording_api: tuple[ApiHarness[Any], RecordingStore],
) -> None:
    api, memory = recording_api

    async def submit(number: int) -> int:
        client = api.client_as(Role.APPLICANT, organisation=unit_of(number).uscc, subject="li")
        return (await client.post(f"/v1/applications/{numbered_id(CASE, number)}/submit")).status_code

    answers = await asyncio.gather(*(submit(number) for number in range(1, BATCH + 1)))

    assert set(answers) == {202}
    assert len(memory.batches) < BATCH // 4
    assert [each for each in memory.batches if max(each.values()) > LOADS] == []
    assert {name for each in memory.batches for name in each} == {
        "inbox",
        "applications",
        "standings",
        "facts",
        "files",
        "assessors",
    }
    assert await api.store().applications.count({"state": State.SUBMITTED, "evaluation.assessor.uscc": ASSESSOR.uscc})
