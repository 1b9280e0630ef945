"""Notices: written for everyone whom an event concerns, and read by them; contacts for who wants e-mail as well."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from chassis.handling import Collection, Done
from messages.event import Event
from messages.values import Role

from notify.domain import notification as rules
from notify.domain.notification import Contact, Delivery, Language, Notification
from notify.domain.recipients import Recipient, recipients
from notify.domain.reminders import DutyReminder
from notify.templates import SAID, Template, Trigger, render, templates


class Store(Protocol):
    @property
    def notices(self) -> Collection[Notification]: ...
    @property
    def contacts(self) -> Collection[Contact]: ...
    @property
    def deliveries(self) -> Collection[Delivery]: ...
    @property
    def deadlines(self) -> Collection[DutyReminder]: ...


@dataclass(frozen=True)
class NotificationContext:
    """What is told, however often it is come by: ``about`` and the reader make a notice unique (N2)."""

    about: str
    event_type: str
    subject: str
    facts: Mapping[str, Any]


async def notify(event: Event, store: Store, now: datetime) -> list[Event]:
    """Write a notice for everyone the event concerns, and an e-mail for those who asked for one (N1, N2)."""
    told = NotificationContext(_about(event), event.type, event.subject, event.model_dump(mode="json"))
    for reader, template in recipients_of(event):
        seen = replace(told, facts=event.public_view()) if reader.role is Role.PUBLIC else told
        await create_notification(seen, reader, template, store, now)
    return []


def prefetch_keys(event: Event) -> Iterable[tuple[str, str]]:
    """What telling of an event looks up: the notice that each reader may have already, and where it wants its mails."""
    for reader, _ in recipients_of(event):
        yield "notices", _notice_id(_about(event), reader)
        yield "contacts", reader.key


def recipients_of(event: Event) -> Iterable[tuple[Recipient, Template]]:
    """Each reader of an event with the template that speaks to it."""
    for role, template in templates_by_role(event.type, SAID):
        yield from ((reader, template) for reader in recipients(event, role))


def templates_by_role(event_type: str, moment: Trigger) -> Iterable[tuple[Role, Template]]:
    """The roles that are told, each with its template; a newer template of a role wins."""
    told = set()
    for template in templates().get(event_type, ()):
        for role in template.roles if template.moment == moment else ():
            if role not in told:
                told.add(role)
                yield role, template


async def create_notification(
    told: NotificationContext, reader: Recipient, template: Template, store: Store, now: datetime
) -> None:
    """One notice for one reader; what it was told already it is not told again."""
    notice = _notice(told, reader, template, now)
    if await store.notices.get(notice.notice_id) is not None:
        return
    store.notices.save(notice.notice_id, notice)
    contact = await store.contacts.get(reader.key)
    if contact is not None:
        delivery = rules.delivery_of(notice, contact, now)
        store.deliveries.save(delivery.delivery_id, delivery)


@dataclass(frozen=True)
class ReadNotice:
    notice_id: str
    real: datetime
    """Real time, whatever the clock of the field shows."""


async def read_notice(command: ReadNotice, store: Store, now: datetime) -> Done:
    notice = (await store.notices.require(command.notice_id)).read(now, command.real)
    store.notices.save(notice.notice_id, notice)
    return Done(value=notice)


@dataclass(frozen=True)
class SetContact:
    reader: Recipient
    email: str
    language: Language


async def set_contact(command: SetContact, store: Store, _now: datetime) -> Done:
    contact = rules.contact_of(command.reader, command.email, command.language)
    store.contacts.save(contact.reader, contact)
    return Done(value=contact)


@dataclass(frozen=True)
class RemoveContact:
    reader: Recipient


async def remove_contact(command: RemoveContact, store: Store, _now: datetime) -> Done:
    """From now on the inbox only. Removing what is not there changes nothing."""
    if await store.contacts.get(command.reader.key) is not None:
        store.contacts.remove(command.reader.key)
    return Done()


def _about(event: Event) -> str:
    return f"{event.type}:{event.subject}:{event.sequence}"


def _notice_id(about: str, reader: Recipient) -> str:
    return f"notice-{hashlib.sha256(f'{about}>{reader.key}'.encode()).hexdigest()[:32]}"


def _notice(told: NotificationContext, reader: Recipient, template: Template, now: datetime) -> Notification:
    text = render(template, told.facts)
    return Notification(
        notice_id=_notice_id(told.about, reader),
        about=told.about,
        event_type=told.event_type,
        subject=told.subject,
        role=reader.role,
        organisation=reader.organisation,
        prefecture=reader.prefecture,
        person=reader.subject,
        template=template.id,
        template_version=template.version,
        title=text.title,
        body=text.body,
        title_en=text.title_en,
        body_en=text.body_en,
        at=now,
    )
