from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from time import monotonic
from typing import Any

import pytest
from chassis.handling import Done, HandlerResult, Refusal
from chassis.persistence.codec import codec
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.errors import DuplicateKeyError, WriteConflictError
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, IdentityMap, UnitOfWork, read_only_unit
from devkit import HandlerHarness
from devkit.sample import AGGREGATES, INDEXES, Store, Touch, TouchCounter, delivered, touch
from messages.values import Number, Value

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Colour(StrEnum):
    GREEN = "green"


@dataclass(frozen=True)
class Line:
    unit: str
    amount: Decimal


class Price(Value):
    amount: Number


@dataclass(frozen=True)
class Everything:
    on: date
    at: datetime
    colour: Colour
    price: Price
    lines: tuple[Line, ...]
    codes: frozenset[str]
    score: dict[Colour, Decimal]
    note: str | None = None


WHOLE = Everything(
    on=date(2026, 5, 31),
    at=datetime(2026, 3, 1, 20, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    colour=Colour.GREEN,
    price=Price(amount=Decimal("12.50")),
    lines=(Line("u", Decimal("0.1")),),
    codes=frozenset({"b", "a"}),
    score={Colour.GREEN: Decimal("7.0")},
)


def test_value_is_stored_as_plain_bson() -> None:
    assert codec(Everything).dump(WHOLE) == {
        "on": "2026-05-31",
        "at": datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC),
        "colour": "green",
        "price": {"amount": "12.50"},
        "lines": [{"unit": "u", "amount": "0.1"}],
        "codes": ["a", "b"],
        "score": {"green": "7.0"},
        "note": None,
    }


async def test_value_is_loaded_as_it_was_to_the_millisecond(document_store: DocumentStore) -> None:
    batch = IdentityMap(document_store, {})
    unit = UnitOfWork(batch)
    DocumentCollection(unit, "notices", Everything).save("a", WHOLE)
    await unit.finish([])
    unit.flush()
    await document_store.commit(ChangeSet([], batch.writes(), None))

    found = await DocumentCollection(read_only_unit(document_store), "notices", Everything).get("a")
    assert found is not None
    assert found.at == WHOLE.at.replace(microsecond=123000)
    assert found == codec(Everything).load(codec(Everything).dump(WHOLE))


def test_instant_without_time_zone_is_refused() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="no time zone"):
        codec(Everything).dump(Everything(**{**vars(WHOLE), "at": naive}))


def test_type_with_reserved_field_names_is_refused() -> None:
    @dataclass
    class Clashing:
        _version: int

    with pytest.raises(TypeError, match="reserved names of stored documents"):
        codec(Clashing)


@pytest.fixture
def handlers() -> HandlerHarness[Store]:
    return HandlerHarness(Store, AGGREGATES, INDEXES)


async def test_harness_keeps_state_and_numbers_the_events_of_each_aggregate(handlers: HandlerHarness[Store]) -> None:
    for notice in ("a", "b", "a"):
        await handlers.handle(touch, Touch(notice, "w"), NOW)

    assert [(event.subject, event.sequence) for event in handlers.published] == [("a", 1), ("b", 1), ("a", 2)]
    assert await handlers.store().notices.get("a") == TouchCounter(2, ("w", "w"))


async def test_harness_discards_the_writes_of_a_refused_command(handlers: HandlerHarness[Store]) -> None:
    async def refuse(command: Touch, store: Store, _now: datetime) -> HandlerResult:
        store.notices.save(command.notice, TouchCounter(9))
        raise Refusal("no")

    with pytest.raises(Refusal, match=r"^no$"):
        await handlers.handle(refuse, Touch("a"), NOW)
    assert await handlers.store().notices.get("a") is None


async def test_harness_returns_the_reply_and_a_recorded_refusal(handlers: HandlerHarness[Store]) -> None:
    async def record(command: Touch, store: Store, _now: datetime) -> HandlerResult:
        store.notices.save(command.notice, TouchCounter(1))
        return Done([delivered(command.notice)], value=7, refusal=Refusal("recorded"))

    outcome = await handlers.perform(record, Touch("a"), NOW)

    assert (outcome.value, str(outcome.refusal), len(outcome.events)) == (7, "recorded", 1)


async def test_harness_enforces_natural_keys(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(touch, Touch("a", label="one"), NOW)
    with pytest.raises(DuplicateKeyError):
        await handlers.handle(touch, Touch("b", label="one"), NOW)


async def test_missing_required_document_is_refused_with_404(handlers: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal) as refused:
        await handlers.store().notices.require("missing")
    assert (refused.value.code, refused.value.status) == ("not-found", 404)


async def test_version_starts_at_zero_and_counts_every_save(handlers: HandlerHarness[Store]) -> None:
    versions: list[int] = []

    async def watch(command: Touch, store: Store, _now: datetime) -> HandlerResult:
        await store.notices.get(command.notice)
        versions.append(store.notices.version(command.notice))
        store.notices.save(command.notice, TouchCounter())
        versions.append(store.notices.version(command.notice))
        return []

    await handlers.handle(watch, Touch("a"), NOW)
    await handlers.handle(watch, Touch("a"), NOW)

    assert versions == [0, 1, 1, 2]


async def changed_batch(document_store: DocumentStore) -> tuple[IdentityMap, UnitOfWork]:
    """Three stored documents and a batch in which an earlier message has changed one of them."""
    first = IdentityMap(document_store, {})
    unit = UnitOfWork(first)
    for name, count in (("a", 1), ("b", 2), ("c", 3)):
        DocumentCollection(unit, "notices", TouchCounter).save(name, TouchCounter(count))
    await unit.finish([])
    unit.flush()
    await document_store.commit(ChangeSet([], first.writes(), None))
    batch = IdentityMap(document_store, {})
    await batch.prefetch([("notices", "a")])
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
async def test_query_sees_the_changes_of_its_batch(
    document_store: DocumentStore, where: dict[str, Any], options: dict[str, Any], expected: list[int]
) -> None:
    _, unit = await changed_batch(document_store)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.remove("b")
    notices.save("d", TouchCounter(4))

    assert [each.count for each in await notices.find(where, **options)] == expected


@pytest.mark.parametrize(
    ("where", "expected"), [({}, 3), ({"count": {"$gt": 3}}, 2), ({"count": 1}, 0), ({"_id": "d"}, 1), (None, 3)]
)
async def test_count_agrees_with_find(
    document_store: DocumentStore, where: dict[str, Any] | None, expected: int
) -> None:
    _, unit = await changed_batch(document_store)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.remove("b")
    notices.save("d", TouchCounter(4))

    assert await notices.count(where) == len(await notices.find(where)) == expected


async def test_removed_document_is_gone_and_can_be_saved_again(document_store: DocumentStore) -> None:
    batch, unit = await changed_batch(document_store)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.remove("b")
    assert await notices.get("b") is None
    await unit.finish([])
    unit.flush()
    again = UnitOfWork(batch)
    DocumentCollection(again, "notices", TouchCounter).save("b", TouchCounter(7))
    await again.finish([])
    again.flush()
    await document_store.commit(ChangeSet([], batch.writes(), None))

    assert await DocumentCollection(read_only_unit(document_store), "notices", TouchCounter).get("b") == TouchCounter(7)


async def test_document_saved_without_a_get_is_new_until_the_database_says_otherwise(
    document_store: DocumentStore,
) -> None:
    batch, unit = await changed_batch(document_store)
    notices = DocumentCollection(unit, "notices", TouchCounter)
    notices.save("c", TouchCounter(30))
    notices.save("f", TouchCounter(6))
    await unit.finish([])
    unit.flush()
    assert batch.assumed_new == {("notices", "c"), ("notices", "f")}

    with pytest.raises(WriteConflictError):
        await document_store.commit(ChangeSet([], batch.writes(), None))


async def test_commit_after_its_deadline_saves_nothing(document_store: DocumentStore) -> None:
    batch, unit = await changed_batch(document_store)
    changes = ChangeSet([], batch.writes(), None, deadline=monotonic() - 1)

    with pytest.raises(WriteConflictError):
        await document_store.commit(changes)

    assert await DocumentCollection(unit, "notices", TouchCounter).count({"count": {"$gte": 10}}) == 1
    stored = DocumentCollection(read_only_unit(document_store), "notices", TouchCounter)
    assert await stored.count({"count": {"$gte": 10}}) == 0


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_pages_hold_everything_once_in_order(document_store: DocumentStore, size: int) -> None:
    stored = IdentityMap(document_store, {})
    unit = UnitOfWork(stored)
    for number in range(7):
        DocumentCollection(unit, "notices", TouchCounter).save(f"n{number}", TouchCounter(number % 3))
    await unit.finish([])
    unit.flush()
    await document_store.commit(ChangeSet([], stored.writes(), None))
    held = IdentityMap(document_store, {})
    notices = DocumentCollection(UnitOfWork(held), "notices", TouchCounter)

    pages = [page async for page in notices.pages({"_id": {"$gte": "n"}}, sort=[("count", -1)], size=size)]

    assert [each.count for page in pages for each in page] == [2, 2, 1, 1, 0, 0, 0]
    assert max(len(page) for page in pages) <= size
    assert not held.loaded_documents("notices")
