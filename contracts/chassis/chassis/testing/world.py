"""Several services joined in memory: every message may come twice and out of order, and each has its effect once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from messages.envelope import Said, hear
from messages.event import Event

from chassis.inbox.subscriptions import Hears

from chassis.persistence.unit_of_work import Run
from chassis.clock import Clock
from chassis.handling import Handler, Transient
from chassis.scheduling.job import Job
from chassis.outbox.entries import Cause, event_id, spoken
from chassis.persistence.collections import Index
from chassis.testing.memory import Memory
from chassis.persistence.unit_of_work import Batch, Commit, Outcome, Unit, reading
from chassis.transactions.work import heard_id

M = TypeVar("M")
S = TypeVar("S")

PATIENCE = 1000
"""Turns without any message handled after which what is left can never be."""


@dataclass(slots=True)
class Member:
    """One service as the world runs it: the same wiring as its main.py, without servers."""

    name: str
    hears: Sequence[Hears]
    store: Callable[[Unit], Any]
    aggregates: Mapping[str, str]
    indexes: Sequence[Index] = ()
    jobs: Sequence[Job] = ()
    memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(self.indexes)


class Stuck(AssertionError):  # noqa: N818 - what the world is then
    """Messages are left that no handler can take."""


class World:
    """Members and the bus between them. ``said`` is every event in the order of its commit."""

    def __init__(self, *members: Member, clock: Clock, twice: bool = False, shuffled: Random | None = None) -> None:
        self.members = {member.name: member for member in members}
        self.clock = clock
        self.said: list[Event] = []
        self._twice = twice
        self._shuffled = shuffled
        self._waiting: list[tuple[Member, Hears, Said]] = []

    async def perform(self, name: str, handler: Handler[M, S], command: M, *, settle: bool = True) -> Outcome:
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
            member, hears, said = self._next()
            try:
                await self._deliver(member, hears, said)
                fruitless = 0
            except Transient as problem:
                self._waiting.append((member, hears, said))
                fruitless += 1
                if fruitless > PATIENCE + len(self._waiting):
                    raise Stuck(f"{member.name} cannot take {said.id}: {problem}") from problem

    def look(self, name: str) -> Any:  # noqa: ANN401 - each service's own store
        """Give a service's store for reading what it holds now."""
        member = self.members[name]
        return member.store(reading(member.memory))

    async def say(self, event: Event) -> None:
        """Put an event on the bus that no member said: another agency's, or a replayed one."""
        self._publish([event])
        await self.settle()

    def _next(self) -> tuple[Member, Hears, Said]:
        return self._waiting.pop(self._shuffled.randrange(len(self._waiting)) if self._shuffled else 0)

    async def _deliver(self, member: Member, hears: Hears, said: Said) -> None:
        heard = hear(said.headers, said.body)
        await self._commit(member, hears.run(heard.event), heard_id(member.name, heard.id))

    async def _commit(self, member: Member, run: Run, inbox_id: str | None) -> Outcome:
        if inbox_id is not None and await member.memory.load("inbox", [inbox_id]):
            return Outcome([], None, None)
        batch = Batch(member.memory, member.aggregates)
        unit = Unit(batch)
        outcome = await unit.conclude(await run(unit, self.clock.now()))
        unit.keep()
        rows = [] if inbox_id is None else [{"_id": inbox_id}]
        await member.memory.commit(Commit(rows, batch.writes(), None))
        self._publish(outcome.events)
        return outcome

    async def _run_job(self, member: Member, job: Job) -> int:
        items = await job.due(job.store(reading(member.memory)), self.clock.now())
        for item in items:
            await self._commit(member, job.run(item), job.inbox_id(item))
            await self.settle()
        return len(items)

    def _publish(self, events: Sequence[Event]) -> None:
        self.said += events
        for event in events:
            said = spoken(event, Cause(event_id(event)), self.clock.now())
            for member in self.members.values():
                for hears in member.hears:
                    if hears.event_type is type(event):
                        self._waiting += [(member, hears, said)] * (1 + self._twice)
