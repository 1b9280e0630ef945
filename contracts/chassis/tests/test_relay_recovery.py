from __future__ import annotations

import asyncio
from itertools import count

import pytest
from chassis.outbox import entries as outbox
from chassis.outbox.entries import Causation, entry
from chassis.outbox.ordering import OrderedDispatch
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import Document
from devkit.sample import delivered

from .relaying import NOW, Rig


async def committed(rig: Rig, *lanes: tuple[str, int]) -> None:
    """Save one document for each as many commits would, and offer them."""
    documents: list[Document] = [
        outbox.document([entry(delivered(name).model_copy(update={"sequence": number}), Causation("c"), NOW)], "mine")
        for name, number in lanes
    ]
    await rig.database._database["outbox"].insert_many(documents)
    for each in documents:
        rig.relay.enqueue(each)


async def test_after_an_outage_with_more_than_fits_in_hand_the_relay_catches_up_under_steady_load(
    database: Database,
) -> None:
    rig = Rig(database, sweep_every=0.2)
    rig.relay._lanes = OrderedDispatch(held_max=400, stuck_max=400)
    rig.wire.open.clear()
    rig.wire.seconds = 0.005
    rig.relay.start()
    for first in range(0, 1000, 100):
        await committed(rig, *((f"n{number % 50}", number) for number in range(first, first + 100)))
    assert rig.relay._lanes.needs_sweep
    rig.wire.open.set()

    numbers = count(1000)
    async with asyncio.timeout(30):
        while rig.relay._lanes.needs_sweep:
            number = next(numbers)
            await committed(rig, (f"n{number % 50}", number))
            await asyncio.sleep(0.005)
    await rig.settled()
    await rig.relay.stop()

    made = next(numbers)
    for lane in range(50):
        assert list(dict.fromkeys(rig.wire.numbers(f"n{lane}"))) == [*range(lane, made, 50)]


async def test_more_stuck_documents_than_one_question_finds_keep_none_behind_them_from_going_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.outbox.relay.SWEEP_PAGE_SIZE", 5)
    rig = Rig(database, sweep_every=0.1)
    rig.relay._lanes = OrderedDispatch(held_max=20, stuck_max=4)
    rig.wire.answers = {f"notify:notice:s{number}:1:delivered": "returned" for number in range(12)}
    rig.relay.start()
    await committed(rig, *((f"s{number}", 1) for number in range(12)))
    await asyncio.sleep(0.1)
    await committed(rig, ("free", 1))
    await rig.settled(unsent=12)
    await rig.relay.stop()

    assert rig.wire.numbers("free") == [1]


async def test_what_the_broker_will_not_take_does_not_count_as_a_relay_that_falls_behind(database: Database) -> None:
    rig = Rig(database)
    rig.wire.answers["notify:notice:a:1:delivered"] = "unsendable"
    rig.relay.start()
    rig.relay.enqueue(await rig.stored(("a", 1)))
    await asyncio.sleep(1.5)

    assert await rig.relay.oldest_unattempted() == 0
    assert await rig.unsent() == 1
    assert rig.metrics.registry.get_sample_value("green_relay_failures_total", {"cause": "unsendable"}) == 1
    await rig.relay.stop()


async def test_an_error_of_our_own_while_sending_is_counted_and_tried_again(database: Database) -> None:
    rig = Rig(database, sweep_every=0.1)
    rig.wire.broken = 1
    rig.relay.start()
    rig.relay.enqueue(await rig.stored(("a", 1)))
    await rig.settled()
    await rig.relay.stop()

    assert rig.wire.numbers("a") == [1]
    assert rig.metrics.registry.get_sample_value("green_relay_failures_total", {"cause": "error"}) == 1


async def test_every_waiting_event_is_counted(database: Database) -> None:
    rig = Rig(database, "other")
    documents = [{"events": [], "count": 2, "token": "lost", "sent": False} for _ in range(1500)]
    await database._database["outbox"].insert_many(documents)
    await rig.relay.sweep()

    assert rig.metrics.registry.get_sample_value("green_outbox_unsent") == 3000
