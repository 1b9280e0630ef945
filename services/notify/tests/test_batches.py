"""A batch asks once for all its messages and items, and messages about different matters write nothing in common."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from chassis.inbox import Subscription
from chassis.persistence.codec import codec
from chassis.persistence.unit_of_work import ChangeSet, Write
from devkit.batches import BatchHarness, numbered_samples
from devkit.clock import FixedClock
from messages.assessor_quota import DutyOpened
from messages.records import RecordHeads
from notify.bus import SUBSCRIPTIONS
from notify.domain.contacts import contact_of
from notify.domain.recipients import Recipient
from notify.jobs import jobs
from notify.store import AGGREGATES, INDEXES, Store

from .builders import AT, at
from .harness import no_mail

BATCH = 100
OF_MATTERS = [each for each in SUBSCRIPTIONS if not issubclass(each.event_type, RecordHeads)]
"""All but the anchors of records: those of one service are one matter, in the order in which they were made."""
LOADS = 2
"""Queries for a collection: the keys that the messages name, and those found in the documents of the first."""


async def queries_of(subscription: Subscription[Any], count: int) -> tuple[Counter[str], BatchHarness]:
    harness = BatchHarness("notify", Store, AGGREGATES, FixedClock(AT), INDEXES)
    return await harness.deliver(subscription, numbered_samples(subscription.event_type, count)), harness


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda each: each.event_type.type)
async def test_batch_of_messages_asks_as_often_as_a_single_one(subscription: Subscription[Any]) -> None:
    single, _ = await queries_of(subscription, 1)
    batch, _ = await queries_of(subscription, BATCH)

    assert batch == single
    assert max(batch.values()) <= LOADS


@pytest.mark.parametrize("subscription", OF_MATTERS, ids=lambda each: each.event_type.type)
async def test_messages_about_different_matters_write_nothing_in_common(subscription: Subscription[Any]) -> None:
    one, both = [(await queries_of(subscription, count))[1].memory.commits[-1].writes for count in (1, 2)]

    assert len({(each.collection, each.key) for each in both}) == 2 * len(one)


@pytest.mark.parametrize("count", [1, BATCH])
async def test_batch_of_reminders_and_of_mails_asks_once(count: int) -> None:
    """Each holder has a duty and wants e-mail: the events make notices, the notices e-mails."""
    clock = FixedClock(AT)
    harness = BatchHarness("notify", Store, AGGREGATES, clock, INDEXES)
    opened = [each for each in numbered_samples(DutyOpened, count) if isinstance(each, DutyOpened)]
    await harness.memory.commit(ChangeSet([], [contact_write(each) for each in opened], None))
    (subscription,) = (each for each in SUBSCRIPTIONS if each.event_type is DutyOpened)
    await harness.deliver(subscription, opened)
    send_mail, remind = jobs(no_mail, BATCH)

    mails = await harness.run_job(send_mail)
    clock.move_to(at(opened[0].due - timedelta(days=30)))
    reminders = await harness.run_job(remind)

    assert mails == {"inbox": 1, "deliveries": 1, "notices": 1}
    assert reminders == {"inbox": 1, "duty_reminders": 1, "notices": 1, "contacts": 1}
    assert len(harness.memory.collections["notices"]) == 2 * count


def contact_write(duty: DutyOpened) -> Write:
    contact = contact_of(Recipient(duty.holder_role, organisation=duty.holder), "office@example.invalid", "zh")
    fields = codec(type(contact)).dump(contact)
    return Write("contacts", contact.reader, 0, {"_id": contact.reader, "_version": 1, "_sequence": 0, **fields})
