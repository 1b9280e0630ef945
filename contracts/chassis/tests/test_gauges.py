from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from chassis.observability.gauges import DomainGauge, GaugeReader, Values
from chassis.observability.metrics import Metrics
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, IdentityMap, UnitOfWork
from devkit import InMemoryStore
from devkit.clock import FixedClock
from devkit.sample import Store, TouchCounter
from prometheus_client import generate_latest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def save_notices(document_store: DocumentStore, **notices: int) -> None:
    batch = IdentityMap(document_store, {})
    unit = UnitOfWork(batch)
    for name, count in notices.items():
        Store(unit).notices.save(name, TouchCounter(count))
    await unit.finish([])
    unit.flush()
    await document_store.commit(ChangeSet([], batch.writes(), None))


async def count_notices(store: Store, _now: datetime) -> Values:
    return {(): await store.notices.count()}


async def count_by_touches(store: Store, _now: datetime) -> Values:
    counts = [each.count for each in await store.notices.find()]
    return {("once" if count == 1 else "often",): counts.count(count) for count in counts}


async def month(_store: Store, now: datetime) -> Values:
    return {(): now.month}


async def fail(_store: Store, _now: datetime) -> Values:
    raise ValueError("bug")


STORED = DomainGauge("notices_stored", "Notices stored", count_notices)
BY_TOUCHES = DomainGauge("notices_by_count", "Notices by how often they were touched", count_by_touches, ("times",))
BROKEN = DomainGauge("broken", "Always fails", fail)


def gauge_reader(document_store: DocumentStore, metrics: Metrics, *gauges: DomainGauge) -> GaugeReader:
    return GaugeReader(document_store, Store, gauges, clock=FixedClock(NOW), metrics=metrics, interval_seconds=60)


def sample_value(metrics: Metrics, name: str, labels: Mapping[str, str] | None = None) -> float | None:
    return metrics.registry.get_sample_value(f"green_{name}", dict(labels or {}))


async def test_domain_gauges_are_exported(document_store: DocumentStore) -> None:
    metrics = Metrics()
    await save_notices(document_store, a=1, b=2, c=2)

    read = await gauge_reader(document_store, metrics, STORED, BY_TOUCHES).poll()

    assert read == 2
    assert sample_value(metrics, "notices_stored") == 3
    assert [sample_value(metrics, "notices_by_count", {"times": times}) for times in ("once", "often")] == [1, 2]
    assert "# HELP green_notices_stored Notices stored\n" in generate_latest(metrics.registry).decode()


async def test_label_that_disappears_is_no_longer_exported(document_store: DocumentStore) -> None:
    metrics = Metrics()
    await save_notices(document_store, a=1)
    reader = gauge_reader(document_store, metrics, BY_TOUCHES)
    await reader.poll()
    batch = IdentityMap(document_store, {})
    unit = UnitOfWork(batch)
    Store(unit).notices.remove("a")
    await unit.finish([])
    unit.flush()
    await document_store.commit(ChangeSet([], batch.writes(), None))

    await reader.poll()

    assert sample_value(metrics, "notices_by_count", {"times": "once"}) is None


async def test_gauge_exports_nothing_before_its_first_reading(document_store: DocumentStore) -> None:
    metrics = Metrics()
    gauge_reader(document_store, metrics, STORED)

    assert sample_value(metrics, "notices_stored") is None
    assert sample_value(metrics, "gauge_last_read_timestamp_seconds", {"gauge": "notices_stored"}) is None


async def test_failing_gauge_does_not_stop_the_others(document_store: DocumentStore) -> None:
    metrics = Metrics()

    read = await gauge_reader(document_store, metrics, BROKEN, STORED).poll()

    assert read == 1
    assert sample_value(metrics, "notices_stored") == 0
    assert sample_value(metrics, "gauge_last_read_timestamp_seconds", {"gauge": "broken"}) is None
    assert sample_value(metrics, "gauge_last_read_timestamp_seconds", {"gauge": "notices_stored"}) is not None


async def test_gauge_with_undeclared_labels_is_not_exported(document_store: DocumentStore) -> None:
    metrics = Metrics()
    await save_notices(document_store, a=1)

    assert await gauge_reader(document_store, metrics, replace(BY_TOUCHES, labels=())).poll() == 0
    assert sample_value(metrics, "notices_by_count") is None


async def test_gauge_reads_the_business_clock(document_store: DocumentStore) -> None:
    metrics = Metrics()
    await gauge_reader(document_store, metrics, DomainGauge("months", "Month of the year", month)).poll()

    assert sample_value(metrics, "months") == 3


def test_two_gauges_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="notices_stored"):
        gauge_reader(InMemoryStore(), Metrics(), STORED, STORED)
