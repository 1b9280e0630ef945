"""Notify in memory with its jobs, on a clock that the tests move."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from chassis.handling import Handler
from chassis.persistence.unit_of_work import HandlerOutcome
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.event import Event
from notify.bus import SUBSCRIPTIONS
from notify.domain.notification import Delivery, Notification
from notify.domain.recipients import Recipient
from notify.handlers.contacts import ConfirmContact, SetContact, confirm_contact, set_contact
from notify.handlers.ports import SendMail
from notify.jobs import jobs
from notify.store import AGGREGATES, INDEXES, Store

from .builders import AT, BEGIN, CODE, DAY, DUE, at


async def no_mail(_address: str, _title: str, _body: str, _message_id: str, /) -> None:
    """Accept everything, as a mail server that nobody looks into."""


def days(first: date, last: date) -> list[date]:
    return [first + DAY * each for each in range((last - first).days + 1)]


EVERY_DAY = days(BEGIN, DUE + DAY * 30)


class NotifySystem:
    """Notify with its subscriptions and jobs; with ``twice`` every message arrives twice."""

    def __init__(self, send: SendMail = no_mail, *, now: datetime = AT, twice: bool = False) -> None:
        self.clock = FixedClock(now)
        service = ServiceUnderTest("notify", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, jobs(send, 10))
        self._system = InMemorySystem(service, clock=self.clock, twice=twice)

    def store(self) -> Store:
        opened: Store = self._system.read("notify")
        return opened

    async def set_contact(self, reader: Recipient, email: str) -> None:
        """Enter an address and confirm it, before the e-mail with the code was sent."""
        await self._system.perform("notify", set_contact, SetContact(reader, email, "zh", CODE))
        await self._system.perform("notify", confirm_contact, ConfirmContact(reader, CODE))

    async def perform(self, handler: Handler[Any, Store], command: object) -> HandlerOutcome:
        return await self._system.perform("notify", handler, command)

    async def publish(self, *events: Event) -> None:
        for event in events:
            await self._system.publish(event)

    async def publish_on(self, day: date, *events: Event) -> None:
        self.clock.move_to(at(day))
        await self.publish(*events)

    async def run_jobs(self) -> int:
        """Run the jobs now; return the number of items done."""
        return await self._system.run_jobs()

    async def run_jobs_on(self, *days: date) -> None:
        """Run the jobs on these days, twice on each."""
        for day in days:
            self.clock.move_to(at(day))
            await self.run_jobs()
            await self.run_jobs()

    async def run_jobs_hourly(self, times: int = 3) -> None:
        for _ in range(times):
            await self.run_jobs()
            self.clock.move_to(self.clock.now() + timedelta(hours=1))

    async def notices(self, template: str, **where: object) -> list[Notification]:
        found = await self.store().notices.find({"template": template, **where})
        return sorted(found, key=lambda each: each.at)

    async def reminders(self) -> list[tuple[date, str]]:
        """Day and title of each reminder written so far."""
        return [(each.at.date(), each.title) for each in await self.notices("duty-reminder")]

    async def deliveries(self) -> dict[str, Delivery]:
        """Deliveries by the organisation of their reader."""
        return {each.reader.split("|")[1]: each for each in await self.store().deliveries.find()}
