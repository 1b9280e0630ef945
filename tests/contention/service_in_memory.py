"""Each service on a store in memory that notes its writes, with what messages of a season find there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bson import encode
from chassis.handling import Document, PoisonMessageError, Refusal, TransientError
from chassis.inbox import Subscription
from chassis.persistence.unit_of_work import ChangeSet, Key
from devkit import HandlerHarness, InMemoryStore
from messages.event import Event

from deploy.services import SERVICES, Service
from tests.contention.preparations import PREPARATIONS
from tests.contention.season_messages import (
    LIFE,
    ApplicationMessages,
    assessor_registered,
    is_about_one_application,
    notice_concluded,
)
from tests.contracts.seed import NOW


class WriteNotingStore(InMemoryStore):
    """Notes the keys of what is written."""

    def __init__(self, indexes: Sequence[Any] = ()) -> None:
        super().__init__(indexes)
        self.written: set[Key] = set()

    async def commit(self, changes: ChangeSet) -> None:
        await super().commit(changes)
        self.written |= {(each.collection, each.key) for each in changes.writes}


@dataclass(frozen=True)
class SubscribedHandler:
    """One row of a service's table of subscriptions."""

    service: Service
    subscription: Subscription[Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.service.name, self.subscription.event_type.type

    def __str__(self) -> str:
        return " < ".join(self.key)


PATH = tuple(
    SubscribedHandler(service, subscription)
    for service in SERVICES
    for subscription in service.subscriptions()
    if is_about_one_application(subscription.event_type)
)
"""Every handler that gets a message for each application: the submission path."""


class ServiceInMemory(HandlerHarness[Any]):
    """The handlers of one service, called with messages as the bus does."""

    def __init__(self, service: Service) -> None:
        store = import_module(f"{service.package}.store")
        super().__init__(store.Store, store.AGGREGATES, store.INDEXES)
        self.memory: WriteNotingStore = WriteNotingStore(store.INDEXES)
        self.service = service
        self._subscriptions = {each.event_type: each for each in service.subscriptions()}

    async def deliver(self, event: Event) -> frozenset[Key]:
        """Handle a message if the service subscribes to it; return the keys it wrote, none where it is refused."""
        self.memory.written = set()
        subscription = self._subscriptions.get(type(event))
        if subscription is not None:
            try:
                await self.handle(subscription.handler, event, NOW)
            except (Refusal, TransientError, PoisonMessageError):
                return frozenset()
        return frozenset(self.memory.written)

    async def prepare(self, messages: Sequence[ApplicationMessages]) -> None:
        """Store what is there before the first message: the assessor, the notice, and what commands have made."""
        await self.deliver(assessor_registered())
        await self.deliver(notice_concluded())
        if self.service.name in PREPARATIONS:
            await PREPARATIONS[self.service.name](self, messages)

    async def live_through(self, messages: Sequence[ApplicationMessages]) -> list[dict[str, dict[str, Document]]]:
        """Deliver the messages of whole lives; return the documents at the beginning and after each step."""
        await self.prepare(messages)
        states = [self.memory.collections]
        for event in LIFE:
            for each in messages:
                await self.deliver(each.build(event))
            if self.memory.collections is not states[-1]:
                states.append(self.memory.collections)
        return states

    def largest_documents(self) -> dict[str, int]:
        """The size in bytes of the largest document of each collection."""
        return {
            name: max(len(encode(document)) for document in held.values())
            for name, held in self.memory.collections.items()
            if held
        }
