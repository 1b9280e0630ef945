from __future__ import annotations

import asyncio
from itertools import count

import pytest
from chassis.handling import Document
from chassis.outbox import entries as outbox
from chassis.outbox.entries import Causation, entry
from chassis.outbox.ordering import OrderedDispatch
from chassis.persistence.mongo import Database
from devkit.sample import delivered

from .relay_harness import NOW, RelayHarness


async def commit(harness: RelayHarness, *events_: tuple[str, int]) -> None:
    """Save one document for each as many commits would, and offer them."""
    documents: list[Document] = [
        outbox.document([entry(delivered(name).model_copy(update={"sequence": number}), Causation("c"), NOW)], "mine")
        for name, number in events_
    ]
    await harness.database._database["outbox"].insert_many(documents)
    for each in documents:
        harness.relay.enqueue(each)


async def test_relay_catches_up_under_steady_load_after_an_outage_beyond_its_memory_bound(
    database: Database,
) -> None:
    harness = RelayHarness(database, sweep_interval=0.2)
    harness.relay._ordering = OrderedDispatch(max_in_flight=400, max_blocked_keys=400)
    harness.broker.accepting.clear()
    harness.broker.delay = 0.005
    harness.relay.start()
    for first in range(0, 1000, 100):
        await commit(harness, *((f"n{number % 50}", number) for number in range(first, first + 100)))
    assert harness.relay._ordering.needs_sweep
    harness.broker.accepting.set()

    numbers = count(1000)
    async with asyncio.timeout(30):
        while harness.relay._ordering.needs_sweep:
            number = next(numbers)
            await commit(harness, (f"n{number % 50}", number))
            await asyncio.sleep(0.005)
    await harness.wait_until_published()
    await harness.relay.stop()

    made = next(numbers)
    for number_ in range(50):
        assert list(dict.fromkeys(harness.broker.sequences(f"n{number_}"))) == [*range(number_, made, 50)]


async def test_more_blocked_documents_than_a_sweep_page_do_not_starve_later_ones(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.outbox.relay.SWEEP_PAGE_SIZE", 5)
    harness = RelayHarness(database, sweep_interval=0.1)
    harness.relay._ordering = OrderedDispatch(max_in_flight=20, max_blocked_keys=4)
    harness.broker.results = {f"notify:notice:s{number}:1:delivered": "returned" for number in range(12)}
    harness.relay.start()
    await commit(harness, *((f"s{number}", 1) for number in range(12)))
    await asyncio.sleep(0.1)
    await commit(harness, ("free", 1))
    await harness.wait_until_published(unpublished=12)
    await harness.relay.stop()

    assert harness.broker.sequences("free") == [1]


async def test_unsendable_event_does_not_count_as_relay_lag(database: Database) -> None:
    harness = RelayHarness(database)
    harness.broker.results["notify:notice:a:1:delivered"] = "unsendable"
    harness.relay.start()
    harness.relay.enqueue(await harness.save(("a", 1)))
    await asyncio.sleep(1.5)

    assert await harness.relay.oldest_unattempted() == 0
    assert await harness.unpublished_count() == 1
    assert harness.metrics.registry.get_sample_value("green_relay_failures_total", {"cause": "unsendable"}) == 1
    await harness.relay.stop()


async def test_error_while_publishing_is_counted_and_retried(database: Database) -> None:
    harness = RelayHarness(database, sweep_interval=0.1)
    harness.broker.errors = 1
    harness.relay.start()
    harness.relay.enqueue(await harness.save(("a", 1)))
    await harness.wait_until_published()
    await harness.relay.stop()

    assert harness.broker.sequences("a") == [1]
    assert harness.metrics.registry.get_sample_value("green_relay_failures_total", {"cause": "error"}) == 1


async def test_every_unpublished_event_is_counted(database: Database) -> None:
    harness = RelayHarness(database, "other")
    documents = [{"events": [], "count": 2, "lease_holder": "lost", "sent": False} for _ in range(1500)]
    await database._database["outbox"].insert_many(documents)
    await harness.relay.sweep()

    assert harness.metrics.registry.get_sample_value("green_outbox_pending") == 3000
