"""Several services in memory: messages may arrive twice and out of order, and each has its effect once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from chassis.clock import Clock
from chassis.handling import Handler, TransientError
from chassis.inbox import Subscription
from chassis.outbox.entries import Causation, event_id, to_envelope
from chassis.persistence import Index, UnitOfWork
from chassis.persistence.unit_of_work import HandlerCall, HandlerOutcome, read_only_unit
from chassis.scheduling import Job
from chassis.transactions.work import message_inbox_id
from messages.envelope import OutgoingMessage, decode
from messages.event import Event

from devkit.due_jobs import drain
from devkit.in_memory_store import InMemoryStore, commit_alone, is_known

M = TypeVar("M")
S = TypeVar("S")

PATIENCE = 1000
"""Attempts without a message handled after which the rest is undeliverable."""


@dataclass(slots=True)
class ServiceUnderTest:
    """One service with the wiring of its main.py, without servers."""

    name: str
    subscriptions: Sequence[Subscription[Any]]
    store: Callable[[UnitOfWork], Any]
    aggregates: Mapping[str, str]
    indexes: Sequence[Index] = ()
    jobs: Sequence[Job[Any]] = ()
    memory: InMemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.memory = InMemoryStore(self.indexes, self.name)


class UndeliverableError(AssertionError):
    """Messages remain that no handler accepts."""


class InMemorySystem:
    """Services and the broker between them. ``published`` is every event in the order of its commit."""

    def __init__(
        self, *members: ServiceUnderTest, clock: Clock, twice: bool = False, shuffled: Random | None = None
    ) -> None:
        self.members = {member.name: member for member in members}
        self.clock = clock
        self.published: list[Event] = []
        self._twice = twice
        self._shuffled = shuffled
        self._waiting: list[tuple[ServiceUnderTest, Subscription[Any], OutgoingMessage]] = []

    async def perform(self, name: str, handler: Handler[M, S], command: M, *, settle: bool = True) -> HandlerOutcome:
        """Execute a command as an HTTP caller would, raising its Refusal; then deliver all messages."""
        member = self.members[name]
        outcome = await self._commit(member, lambda unit, now: handler(command, member.store(unit), now), None)
        if settle:
            await self.settle()
        return outcome

    async def run_jobs(self, *, polls: int | None = None) -> int:
        """Run the jobs of every service until nothing is due now, or for so many polls; return the items done."""
        done = 0
        while found := sum([await self._drain(member, polls) for member in self.members.values()]):
            done += found
            if polls is not None:
                break
        return done

    async def settle(self) -> None:
        """Deliver until nothing waits; a message that is not ready is deferred."""
        failures = 0
        while self._waiting:
            member, subscription, message = self._next()
            try:
                await self._deliver(member, subscription, message)
                failures = 0
            except TransientError as problem:
                self._waiting.append((member, subscription, message))
                failures += 1
                if failures > PATIENCE + len(self._waiting):
                    raise UndeliverableError(f"{member.name} cannot handle {message.id}: {problem}") from problem

    def read(self, name: str) -> Any:  # noqa: ANN401 - each service's own store
        """Return a read-only store of a service's present documents."""
        member = self.members[name]
        return member.store(read_only_unit(member.memory))

    async def publish(self, event: Event) -> None:
        """Publish an event of none of these services: another agency's, or a replayed one."""
        self._publish([event])
        await self.settle()

    def _next(self) -> tuple[ServiceUnderTest, Subscription[Any], OutgoingMessage]:
        return self._waiting.pop(self._shuffled.randrange(len(self._waiting)) if self._shuffled else 0)

    async def _deliver(
        self, member: ServiceUnderTest, subscription: Subscription[Any], message: OutgoingMessage
    ) -> None:
        incoming = decode(message.headers, message.body)
        await self._commit(
            member, subscription.call(incoming.event, member.store), message_inbox_id(member.name, incoming.id)
        )

    async def _commit(self, member: ServiceUnderTest, run: HandlerCall, inbox_id: str | None) -> HandlerOutcome:
        if inbox_id is not None and await is_known(member.memory, inbox_id):
            return HandlerOutcome([], None, None)
        outcome = await commit_alone(member.memory, member.aggregates, run, self.clock.now(), inbox_id)
        self._publish(outcome.events)
        return outcome

    async def _drain(self, member: ServiceUnderTest, polls: int | None) -> int:
        async def handle(job: Job[Any], item: object) -> bool:
            known = await is_known(member.memory, job.inbox_id(item))
            await self._commit(member, job.call(item, member.store), job.inbox_id(item))
            await self.settle()
            return not known

        return await drain(member.jobs, lambda: self.read(member.name), self.clock.now, handle, polls)

    def _publish(self, events: Sequence[Event]) -> None:
        self.published += events
        for event in events:
            message = to_envelope(event, Causation(event_id(event)), self.clock.now())
            for member in self.members.values():
                for subscription in member.subscriptions:
                    if subscription.event_type is type(event):
                        self._waiting += [(member, subscription, message)] * (1 + self._twice)
