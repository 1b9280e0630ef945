"""Messages of different applications write different documents, so that workers never wait for one another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from deploy.services import SERVICES, Service
from tests.contention.season_messages import LIFE, ApplicationMessages
from tests.contention.service_in_memory import PATH, ServiceInMemory, SubscribedHandler

SHARED: Mapping[tuple[str, str], str] = {
    ("assessor-quota", "ledgers"): "the ledger is the rule (Q1): one consumer at a time writes ledgers",
}
"""(service, collection) of documents that messages of different applications may share, with the reason."""

SILENT: Mapping[tuple[str, str], str] = {}
"""(service, event type) of handlers that write nothing for any application, with the reason."""

GROWING: Mapping[tuple[str, str], str] = {
    ("assessor-quota", "ledgers"): "at most fifteen items (Q1)",
}
"""(service, collection) of documents that grow up to a bound, with the bound."""

FEW, MANY = 5, 50
MARGIN = 100
"""Bytes that digits may add; a list with an entry for each of the others would add a thousand."""


@pytest.mark.parametrize("handler", PATH, ids=str)
async def test_messages_of_two_applications_write_no_document_in_common(handler: SubscribedHandler) -> None:
    """In every state of two applications of one assessor, prefecture, level and batch year in which it acts."""
    service, messages = ServiceInMemory(handler.service), [ApplicationMessages(1), ApplicationMessages(2)]
    acted = False
    for state in await service.live_through(messages):
        service.memory.collections = state
        first, second = [await service.deliver(each.build(handler.subscription.event_type)) for each in messages]
        acted |= bool(first and second)
        shared = first & second
        assert {(handler.service.name, collection) for collection, _ in shared} <= {*SHARED}, sorted(shared)
        assert not shared or handler.subscription.queue, f"{sorted(shared)} need a queue with one consumer"
    assert acted != (handler.key in SILENT), "writes nothing for two applications, or is wrongly said to"


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
async def test_successive_events_of_one_publisher_that_write_one_document_have_one_consumer(service: Service) -> None:
    """A publisher says two things about one application in one commit; two workers would get one each and conflict."""
    messages, opened = ApplicationMessages(1), ServiceInMemory(service)
    subscriptions = {each.event_type: each for each in service.subscriptions()}
    await opened.prepare([messages])
    written = {event: await opened.deliver(messages.build(event)) for event in LIFE if event in subscriptions}
    apart = [
        f"{one.type} and {other.type}: {sorted(written[one] & written[other])}"
        for one, other in pairwise(written)
        if one.owner == other.owner and written[one] & written[other]
        if subscriptions[one].queue is None or subscriptions[one].queue != subscriptions[other].queue
    ]
    assert not apart


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
async def test_no_document_grows_with_the_number_of_applications(service: Service) -> None:
    few, many = [await largest_after(service, count) for count in (FEW, MANY)]
    grown = {
        name: (few[name], size)
        for name, size in many.items()
        if size > few[name] + MARGIN and (service.name, name) not in GROWING
    }
    assert not grown, f"bytes after {FEW} and {MANY} applications: {grown}"


async def largest_after(service: Service, count: int) -> dict[str, int]:
    opened = ServiceInMemory(service)
    await opened.live_through([ApplicationMessages(number) for number in range(1, count + 1)])
    return opened.largest_documents()


def test_every_exception_is_still_one() -> None:
    assert {*SILENT} <= {handler.key for handler in PATH}
    assert {name for name, _ in (*SHARED, *GROWING)} <= {service.name for service in SERVICES}
