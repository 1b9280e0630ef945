from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from chassis.clock import FixedClock
from chassis.observability.gauges import DomainGauge, GaugeReader, Values
from chassis.observability.metrics import Metrics
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, IdentityMap, UnitOfWork
from devkit import InMemoryStore
from devkit.sample import Store, TouchCounter
from prometheus_client import generate_latest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def keep(backing: DocumentStore, **notices: int) -> None:
    batch = IdentityMap(backing, {})
    unit = UnitOfWork(batch)
    for name, count in notices.items():
        Store(unit).notices.save(name, TouchCounter(count))
    await unit.finish([])
    unit.flush()
    await backing.commit(ChangeSet([], batch.writes(), None))


async def kept(store: Store, _now: datetime) -> Values:
    return {(): await store.notices.count()}


async def by_count(store: Store, _now: datetime) -> Values:
    counts = [each.count for each in await store.notices.find()]
    return {("once" if count == 1 else "often",): counts.count(count) for count in counts}


async def months(_store: Store, now: datetime) -> Values:
    return {(): now.month}


async def broken(_store: Store, _now: datetime) -> Values:
    raise ValueError("bug")


KEPT = DomainGauge("notices_kept", "Notices kept", kept)
BY_COUNT = DomainGauge("notices_by_count", "Notices by how often they were touched", by_count, ("times",))
BROKEN = DomainGauge("broken", "Always fails", broken)


def measuring(backing: DocumentStore, metrics: Metrics, *measures: DomainGauge) -> GaugeReader:
    return GaugeReader(backing, Store, measures, clock=FixedClock(NOW), metrics=metrics, seconds=60)


def told(metrics: Metrics, name: str, labels: Mapping[str, str] | None = None) -> float | None:
    return metrics.registry.get_sample_value(f"green_{name}", dict(labels or {}))


async def test_what_a_service_counts_is_told_as_gauges(backing: DocumentStore) -> None:
    metrics = Metrics()
    await keep(backing, a=1, b=2, c=2)

    read = await measuring(backing, metrics, KEPT, BY_COUNT).look()

    assert read == 2
    assert told(metrics, "notices_kept") == 3
    assert [told(metrics, "notices_by_count", {"times": times}) for times in ("once", "often")] == [1, 2]
    assert "# HELP green_notices_kept Notices kept\n" in generate_latest(metrics.registry).decode()


async def test_a_label_that_is_not_named_any_more_is_not_told_any_more(backing: DocumentStore) -> None:
    metrics = Metrics()
    await keep(backing, a=1)
    looking = measuring(backing, metrics, BY_COUNT)
    await looking.look()
    batch = IdentityMap(backing, {})
    unit = UnitOfWork(batch)
    Store(unit).notices.remove("a")
    await unit.finish([])
    unit.flush()
    await backing.commit(ChangeSet([], batch.writes(), None))

    await looking.look()

    assert told(metrics, "notices_by_count", {"times": "once"}) is None


async def test_before_it_has_been_read_a_measure_says_nothing(backing: DocumentStore) -> None:
    metrics = Metrics()
    measuring(backing, metrics, KEPT)

    assert told(metrics, "notices_kept") is None
    assert told(metrics, "measured_timestamp_seconds", {"measure": "notices_kept"}) is None


async def test_a_measure_that_fails_keeps_its_value_and_the_others_go_on(backing: DocumentStore) -> None:
    metrics = Metrics()

    read = await measuring(backing, metrics, BROKEN, KEPT).look()

    assert read == 1
    assert told(metrics, "notices_kept") == 0
    assert told(metrics, "measured_timestamp_seconds", {"measure": "broken"}) is None
    assert told(metrics, "measured_timestamp_seconds", {"measure": "notices_kept"}) is not None


async def test_a_measure_with_other_labels_than_it_named_is_not_told(backing: DocumentStore) -> None:
    metrics = Metrics()
    await keep(backing, a=1)

    assert await measuring(backing, metrics, replace(BY_COUNT, labels=())).look() == 0
    assert told(metrics, "notices_by_count") is None


async def test_a_measure_knows_the_business_clock(backing: DocumentStore) -> None:
    metrics = Metrics()
    await measuring(backing, metrics, DomainGauge("months", "Month of the year", months)).look()

    assert told(metrics, "months") == 3


def test_two_measures_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="notices_kept"):
        measuring(InMemoryStore(), Metrics(), KEPT, KEPT)
