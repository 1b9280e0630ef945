"""The registry's handlers on a store in memory, with the moves of the regional department."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date

from chassis.handling import Document, Filter, Sort
from chassis.persistence.unit_of_work import ChangeSet
from devkit import HandlerHarness, InMemoryStore
from messages.review import CaseCleared
from messages.values import Level
from registry.domain.list_summary import ListSummary
from registry.domain.lists import AnnualList
from registry.domain.removals import RemovalDecision
from registry.handlers import announcing, cases, closing, removals
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.builders import ANNOUNCING, CLOSING, DOCUMENT, at


class OvertakenStore(InMemoryStore):
    """Another process's view of the documents; just before its first query of ``collection``, ``meanwhile`` runs."""

    def __init__(self, shared: InMemoryStore, collection: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.shared = shared
        self.collection = collection
        self.meanwhile = [meanwhile]

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        return await self.shared.load(collection, keys)

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        if collection == self.collection and self.meanwhile:
            await self.meanwhile.pop()()
        return await self.shared.find(collection, where, sort, limit)

    async def count(self, collection: str, where: Filter) -> int:
        return len(await self.find(collection, where, (), 0))

    async def commit(self, commit: ChangeSet) -> None:
        await self.shared.commit(commit)


class RegistryHandlers(HandlerHarness[Store]):
    """The registry's handlers, called as the regional department does."""

    def __init__(self) -> None:
        super().__init__(Store, AGGREGATES, INDEXES)

    def overtaken(self, collection: str, meanwhile: Callable[[], Awaitable[object]]) -> RegistryHandlers:
        """The handlers in another process, which ``meanwhile`` overtakes before its first query of ``collection``."""
        other = RegistryHandlers()
        other.memory = OvertakenStore(self.memory, collection, meanwhile)
        return other

    async def clear(self, *events: CaseCleared) -> None:
        for event in events:
            await self.handle(cases.add_line, event, at(event.cleared_on))

    async def close(self, year: int = 2026, day: date = CLOSING) -> ListSummary:
        outcome = await self.perform(closing.close_list, closing.CloseList(Level.REGION, year), at(day))
        assert isinstance(outcome.value, ListSummary)
        return outcome.value

    async def announce(
        self, year: int = 2026, day: date = ANNOUNCING, number: str = DOCUMENT, list_id: str | None = None
    ) -> ListSummary:
        command = announcing.AnnounceList(Level.REGION, year, number, list_id)
        outcome = await self.perform(announcing.announce_list, command, at(day))
        assert isinstance(outcome.value, ListSummary)
        return outcome.value

    async def remove(self, decision: RemovalDecision, day: date | None = None) -> None:
        """Record it on ``day``, or on the day it was decided."""
        await self.handle(removals.record_removal, decision, at(day or decision.decided_on))

    async def get_list(self, list_id: str = "list-region-2026-1") -> AnnualList:
        return await self.store().lists.require(list_id)
