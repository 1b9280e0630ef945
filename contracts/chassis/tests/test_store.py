from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from chassis.handling import Done, HandlerResult, Refusal
from chassis.persistence.codec import codec
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import (
    ChangeSet,
    DocumentStore,
    DuplicateKeyError,
    IdentityMap,
    UnitOfWork,
    read_only_unit,
)
from devkit import HandlerHarness
from devkit.sample import AGGREGATES, INDEXES, Store, Touch, TouchCounter, delivered, touch
from messages.values import Money
from pydantic import BaseModel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Colour(StrEnum):
    GREEN = "green"


@dataclass(frozen=True)
class Line:
    unit: str
    amount: Decimal


@dataclass(frozen=True)
class Everything:
    on: date
    at: datetime
    colour: Colour
    money: Money
    lines: tuple[Line, ...]
    codes: frozenset[str]
    score: dict[Colour, Decimal]
    note: str | None = None


WHOLE = Everything(
    on=date(2026, 5, 31),
    at=datetime(2026, 3, 1, 20, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    colour=Colour.GREEN,
    money=Money(amount=Decimal("12.50")),
    lines=(Line("u", Decimal("0.1")),),
    codes=frozenset({"b", "a"}),
    score={Colour.GREEN: Decimal("7.0")},
)


def test_a_value_is_kept_as_plain_bson() -> None:
    assert codec(Everything).dump(WHOLE) == {
        "on": "2026-05-31",
        "at": datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC),
        "colour": "green",
        "money": {"amount": "12.50", "unit": "CNY_10K"},
        "lines": [{"unit": "u", "amount": "0.1"}],
        "codes": ["a", "b"],
        "score": {"green": "7.0"},
        "note": None,
    }


async def test_a_value_comes_back_as_it_was_to_the_millisecond(backing: DocumentStore) -> None:
    batch = IdentityMap(backing, {})
    unit = UnitOfWork(batch)
    DocumentCollection(unit, "notices", Everything).save("a", WHOLE)
    await unit.finish([])
    unit.flush()
    await backing.commit(ChangeSet([], batch.writes(), None))

    found = await DocumentCollection(read_only_unit(backing), "notices", Everything).get("a")
    assert found is not None
    assert found.at == WHOLE.at.replace(microsecond=123000)
    assert found == codec(Everything).load(codec(Everything).dump(WHOLE))


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="no time zone"):
        codec(Everything).dump(Everything(**{**vars(WHOLE), "at": naive}))


def test_a_type_may_not_use_the_names_of_the_stored_document() -> None:
    class Clashing(BaseModel):
        v: int

    with pytest.raises(TypeError, match="names the stored document needs"):
        codec(Clashing)


@pytest.fixture
def bench() -> HandlerHarness[Store]:
    return HandlerHarness(Store, AGGREGATES, INDEXES)


async def test_a_bench_keeps_state_and_numbers_the_events_of_each_aggregate(bench: HandlerHarness[Store]) -> None:
    for notice in ("a", "b", "a"):
        await bench.handle(touch, Touch(notice, "w"), NOW)

    assert [(event.subject, event.sequence) for event in bench.said] == [("a", 1), ("b", 1), ("a", 2)]
    assert await bench.store().notices.get("a") == TouchCounter(2, ("w", "w"))


async def test_a_bench_keeps_nothing_of_a_refused_command(bench: HandlerHarness[Store]) -> None:
    async def refuse(command: Touch, store: Store, _now: datetime) -> HandlerResult:
        store.notices.save(command.notice, TouchCounter(9))
        raise Refusal("no")

    with pytest.raises(Refusal):
        await bench.handle(refuse, Touch("a"), NOW)
    assert await bench.store().notices.get("a") is None


async def test_a_bench_gives_the_reply_and_a_recorded_refusal(bench: HandlerHarness[Store]) -> None:
    async def record(command: Touch, store: Store, _now: datetime) -> HandlerResult:
        store.notices.save(command.notice, TouchCounter(1))
        return Done([delivered(command.notice)], value=7, refusal=Refusal("recorded"))

    outcome = await bench.perform(record, Touch("a"), NOW)

    assert (outcome.value, str(outcome.refusal), len(outcome.events)) == (7, "recorded", 1)


async def test_a_bench_holds_natural_keys(bench: HandlerHarness[Store]) -> None:
    await bench.handle(touch, Touch("a", label="one"), NOW)
    with pytest.raises(DuplicateKeyError):
        await bench.handle(touch, Touch("b", label="one"), NOW)


async def test_a_required_document_that_is_missing_is_refused_with_404(bench: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal) as refused:
        await bench.store().notices.require("missing")
    assert (refused.value.code, refused.value.status) == ("not-found", 404)


async def test_a_version_counts_every_save_and_starts_at_nothing(bench: HandlerHarness[Store]) -> None:
    versions: list[int] = []

    async def watch(command: Touch, store: Store, _now: datetime) -> HandlerResult:
        await store.notices.get(command.notice)
        versions.append(store.notices.version(command.notice))
        store.notices.save(command.notice, TouchCounter())
        versions.append(store.notices.version(command.notice))
        return []

    await bench.handle(watch, Touch("a"), NOW)
    await bench.handle(watch, Touch("a"), NOW)

    assert versions == [0, 1, 1, 2]


async def changed(backing: DocumentStore) -> tuple[IdentityMap, UnitOfWork]:
    """Three stored, then in one batch: one changed by an earlier message, one removed and one added by this one."""
    first = IdentityMap(backing, {})
    unit = UnitOfWork(first)
    for name, count in (("a", 1), ("b", 2), ("c", 3)):
        DocumentCollection(unit, "notices", TouchCounter).save(name, TouchCounter(count))
    await unit.finish([])
    unit.flush()
    await backing.commit(ChangeSet([], first.writes(), None))
    batch = IdentityMap(backing, {})
    earlier = UnitOfWork(batch)
    DocumentCollection(earlier, "notices", TouchCounter).save("a", TouchCounter(10))
    await earlier.finish([])
    earlier.flush()
    return batch, UnitOfWork(batch)


@pytest.mark.parametrize(
    ("where", "options", "expected"),
    [
        ({}, {}, [10, 3, 4]),
        ({"count": {"$gt": 3}}, {}, [10, 4]),
        ({"count": 1}, {}, []),
        ({}, {"sort": (("count", -1),), "limit": 2}, [10, 4]),
        ({"count": {"$lt": 5}}, {"sort": (("count", 1),), "limit": 1}, [3]),
    ],
)
async def test_a_question_sees_what_the_batch_has_changed(
    backing: DocumentStore, where: dict[str, Any], options: dict[str, Any], expected: list[int]
) -> None:
    _, unit = await changed(backing)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.remove("b")
    notices.save("d", TouchCounter(4))

    assert [each.count for each in await notices.find(where, **options)] == expected


@pytest.mark.parametrize(
    ("where", "expected"), [({}, 3), ({"count": {"$gt": 3}}, 2), ({"count": 1}, 0), ({"_id": "d"}, 1), (None, 3)]
)
async def test_a_count_counts_what_a_question_would_find(
    backing: DocumentStore, where: dict[str, Any] | None, expected: int
) -> None:
    _, unit = await changed(backing)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.remove("b")
    notices.save("d", TouchCounter(4))

    assert await notices.count(where) == len(await notices.find(where)) == expected


async def test_a_removed_document_is_gone_and_may_come_again(backing: DocumentStore) -> None:
    batch, unit = await changed(backing)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.remove("b")
    assert await notices.get("b") is None
    await unit.finish([])
    unit.flush()
    again = UnitOfWork(batch)
    DocumentCollection(again, "notices", TouchCounter).save("b", TouchCounter(7))
    await again.finish([])
    again.flush()
    await backing.commit(ChangeSet([], batch.writes(), None))

    assert await DocumentCollection(read_only_unit(backing), "notices", TouchCounter).get("b") == TouchCounter(7)


async def test_a_save_without_a_get_replaces_what_is_stored(backing: DocumentStore) -> None:
    batch, unit = await changed(backing)
    DocumentCollection(unit, "notices", TouchCounter).save("c", TouchCounter(30))
    await unit.finish([])
    unit.flush()
    await backing.commit(ChangeSet([], batch.writes(), None))

    assert await DocumentCollection(read_only_unit(backing), "notices", TouchCounter).get("c") == TouchCounter(30)
