"""The registry's handlers on a store in memory, with the moves of the regional department."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import TypeVar

from chassis.handling import Document, Filter, Handler, Sort
from chassis.persistence.unit_of_work import ChangeSet
from devkit import HandlerHarness, InMemoryStore
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem
from messages.review import CaseCleared
from messages.values import Level
from registry.domain.lines import HeldBack, RegisterChange
from registry.domain.list_acts import ActRef
from registry.domain.lists import AnnualList
from registry.domain.removals import RemovalDecision
from registry.handlers import announcing, cases, closing, removals
from registry.handlers.list_acts import refusal_of
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.builders import ANNOUNCING, CLOSING, DOCUMENT, at, notice_concluded, notice_entered

M = TypeVar("M")
CARRY_ON = JOBS[:1]


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
            now = at(event.cleared_on)
            await self.handle(cases.record_showing, notice_entered(event), now)
            await self.handle(cases.record_conclusion, notice_concluded(event), now)
            await self.handle(cases.weigh_clearance, event, now)

    async def close(self, year: int = 2026, day: date = CLOSING) -> AnnualList:
        return await self._act(closing.begin_closing, closing.CloseList(Level.REGION, year), at(day))

    async def announce(
        self, year: int = 2026, day: date = ANNOUNCING, number: str = DOCUMENT, list_id: str | None = None
    ) -> AnnualList:
        command = announcing.AnnounceList(Level.REGION, year, number, list_id)
        return await self._act(announcing.begin_announcing, command, at(day))

    async def begin(self, handler: Handler[M, Store], command: M, now: datetime) -> ActRef:
        outcome = await self.perform(handler, command, now)
        assert isinstance(outcome.value, ActRef)
        return outcome.value

    async def carry_on(self, day: date, *, polls: int | None = None) -> None:
        """Take the steps of the act under way, or so many of them."""
        await self.run_jobs(CARRY_ON, at(day), polls=polls)

    async def _act(self, handler: Handler[M, Store], command: M, now: datetime) -> AnnualList:
        """Begin an act and carry it to its end; raise its refusal as the API does."""
        ref = await self.begin(handler, command, now)
        await self.run_jobs(CARRY_ON, now)
        store = self.store()
        act = await store.list_acts.require(ref.act_id) if ref.act_id else None
        if act is not None and act.code is not None:
            raise await refusal_of(act, store)
        return await store.lists.require(ref.list_id)

    async def lines(self, list_id: str = "list-region-2026-1") -> list[RegisterChange]:
        edition = (await self.get_list(list_id)).edition
        return [each.change for each in await self.store().list_lines.find({"edition": edition})]

    async def held_back(self, list_id: str = "list-region-2026-1") -> list[HeldBack]:
        """The cases that the closing of the list held back."""
        edition = (await self.get_list(list_id)).edition
        return [each.held for each in await self.store().held_back_lines.find({"act_id": edition})]

    async def remove(self, decision: RemovalDecision, day: date | None = None) -> None:
        """Record it on ``day``, or on the day it was decided."""
        await self.handle(removals.record_removal, decision, at(day or decision.decided_on))

    async def get_list(self, list_id: str = "list-region-2026-1") -> AnnualList:
        return await self.store().lists.require(list_id)


async def announce_in(
    system: InMemorySystem, number: str = "2026年1号", *, clock: FixedClock | None = None, day: date = ANNOUNCING
) -> None:
    """Close the list of 2026 and announce it, on ``day`` where a clock is given."""
    await system.perform("registry", closing.begin_closing, closing.CloseList(Level.REGION, 2026))
    await system.run_jobs()
    if clock is not None:
        clock.move_to(at(day))
    command = announcing.AnnounceList(Level.REGION, 2026, number)
    await system.perform("registry", announcing.begin_announcing, command)
    await system.run_jobs()
