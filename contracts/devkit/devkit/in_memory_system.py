"""Several services joined in memory: every message may come twice and out of order, and each has its effect once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from chassis.clock import Clock
from chassis.handling import Handler, TransientError
from chassis.inbox.subscriptions import Subscription
from chassis.outbox.entries import Causation, event_id, to_envelope
from chassis.persistence.collections import Index
from chassis.persistence.unit_of_work import (
    ChangeSet,
    HandlerCall,
    HandlerOutcome,
    IdentityMap,
    UnitOfWork,
    read_only_unit,
)
from chassis.scheduling.job import Job
from chassis.transactions.work import message_inbox_id
from messages.envelope import OutgoingMessage, decode
from messages.event import Event

from devkit.in_memory_store import InMemoryStore

M = TypeVar("M")
S = TypeVar("S")

PATIENCE = 1000
"""Turns without any message handled after which what is left can never be."""


@dataclass(slots=True)
class ServiceUnderTest:
    """One service as the world runs it: the same wiring as its main.py, without servers."""

    name: str
    hears: Sequence[Subscription]
    store: Callable[[UnitOfWork], Any]
    aggregates: Mapping[str, str]
    indexes: Sequence[Index] = ()
    jobs: Sequence[Job] = ()
    memory: InMemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.memory = InMemoryStore(self.indexes)


class UndeliverableError(AssertionError):
    """Messages are left that no handler can take."""


class InMemorySystem:
    """Members and the bus between them. ``said`` is every event in the order of its commit."""

    def __init__(
        self, *members: ServiceUnderTest, clock: Clock, twice: bool = False, shuffled: Random | None = None
    ) -> None:
        self.members = {member.name: member for member in members}
        self.clock = clock
        self.said: list[Event] = []
        self._twice = twice
        self._shuffled = shuffled
        self._waiting: list[tuple[ServiceUnderTest, Subscription, OutgoingMessage]] = []

    async def perform(self, name: str, handler: Handler[M, S], command: M, *, settle: bool = True) -> HandlerOutcome:
        """Do as an HTTP caller would; a Refusal comes out as raised. Then let the bus settle."""
        member = self.members[name]
        outcome = await self._commit(member, lambda unit, now: handler(command, member.store(unit), now), None)
        if settle:
            await self.settle()
        return outcome

    async def run_jobs(self) -> int:
        """Let every member do what is due now; return how many items were done."""
        done = 0
        for member in self.members.values():
            for job in member.jobs:
                done += await self._run_job(member, job)
        return done

    async def settle(self) -> None:
        """Deliver until nothing waits; what is not ready yet comes again later."""
        fruitless = 0
        while self._waiting:
            member, hears, events = self._next()
            try:
                await self._deliver(member, hears, events)
                fruitless = 0
            except TransientError as problem:
                self._waiting.append((member, hears, events))
                fruitless += 1
                if fruitless > PATIENCE + len(self._waiting):
                    raise UndeliverableError(f"{member.name} cannot take {events.id}: {problem}") from problem

    def look(self, name: str) -> Any:  # noqa: ANN401 - each service's own store
        """Give a service's store for reading what it holds now."""
        member = self.members[name]
        return member.store(read_only_unit(member.memory))

    async def publish(self, event: Event) -> None:
        """Put an event on the bus that no member said: another agency's, or a replayed one."""
        self._publish([event])
        await self.settle()

    def _next(self) -> tuple[ServiceUnderTest, Subscription, OutgoingMessage]:
        return self._waiting.pop(self._shuffled.randrange(len(self._waiting)) if self._shuffled else 0)

    async def _deliver(self, member: ServiceUnderTest, hears: Subscription, said: OutgoingMessage) -> None:
        heard = decode(said.headers, said.body)
        await self._commit(member, hears.run(heard.event), message_inbox_id(member.name, heard.id))

    async def _commit(self, member: ServiceUnderTest, run: HandlerCall, inbox_id: str | None) -> HandlerOutcome:
        if inbox_id is not None and await member.memory.load("inbox", [inbox_id]):
            return HandlerOutcome([], None, None)
        batch = IdentityMap(member.memory, member.aggregates)
        unit = UnitOfWork(batch)
        outcome = await unit.finish(await run(unit, self.clock.now()))
        unit.flush()
        rows = [] if inbox_id is None else [{"_id": inbox_id}]
        await member.memory.commit(ChangeSet(rows, batch.writes(), None))
        self._publish(outcome.events)
        return outcome

    async def _run_job(self, member: ServiceUnderTest, job: Job) -> int:
        items = await job.due(job.store(read_only_unit(member.memory)), self.clock.now())
        for item in items:
            await self._commit(member, job.run(item), job.inbox_id(item))
            await self.settle()
        return len(items)

    def _publish(self, events: Sequence[Event]) -> None:
        self.said += events
        for event in events:
            said = to_envelope(event, Causation(event_id(event)), self.clock.now())
            for member in self.members.values():
                for hears in member.hears:
                    if hears.event_type is type(event):
                        self._waiting += [(member, hears, said)] * (1 + self._twice)
