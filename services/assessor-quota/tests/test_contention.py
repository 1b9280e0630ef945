"""No two messages write the same document, but for the keys named here: processes that share one repeat each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from assessor_quota.bus import LEDGER_QUEUE, SUBSCRIPTIONS
from assessor_quota.store import AGGREGATES, Store
from chassis.persistence import UnitOfWork
from chassis.persistence.unit_of_work import IdentityMap, Key
from devkit import HandlerHarness
from messages.applications import ApplicationSubmitted
from messages.event import Event

from .builders import NORTH, NOW
from .harness import deliver
from .samples import SAMPLES, Sample
from .words import give_word

SHARED: Mapping[str, str] = {
    "ledgers": "is the rule itself: one process writes it",
    "assessors": "is written by the first item in each prefecture, twelve times at most",
}
"""Collections whose documents several applications share, and why that slows nobody."""
HANDLERS = {each.event_type: each for each in SUBSCRIPTIONS}
CASES = [(event_type, sample) for event_type, samples in SAMPLES.items() for sample in samples]


def test_every_subscription_has_a_sample() -> None:
    assert set(SAMPLES) == set(HANDLERS)


@pytest.mark.rule("Q2")
@pytest.mark.parametrize(("event_type", "sample"), CASES, ids=lambda value: getattr(value, "__name__", ""))
async def test_messages_of_different_applications_write_no_common_document(
    handlers: HandlerHarness[Store], event_type: type[Event], sample: Sample
) -> None:
    for application in ("app-1", "app-2"):
        await deliver(handlers, [make(application, NORTH) for make in sample.before], NOW)
    one, other = [await written(handlers, sample.event(each, NORTH)) for each in ("app-1", "app-2")]
    assert one
    assert other
    assert {collection for collection, _ in one & other} <= set(SHARED)
    if one & other:
        assert HANDLERS[event_type].queue == LEDGER_QUEUE


async def written(handlers: HandlerHarness[Store], event: Event) -> set[Key]:
    """Return the keys that a process writes for this event; nothing is committed."""
    batch = IdentityMap(handlers.memory, AGGREGATES)
    unit = UnitOfWork(batch)
    if isinstance(event, ApplicationSubmitted):
        await give_word(event, Store(unit), NOW)
    await unit.finish(await HANDLERS[type(event)].handler(event, Store(unit), NOW))
    unit.flush()
    return {(each.collection, each.key) for each in batch.writes()}
