"""One function for each thing heard or asked: tell, read, remember a contact, record a try."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.handling import Collection, Done
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed

from notify.domain import notice as rules
from notify.domain.addressees import Addressee, addressees
from notify.domain.notice import Attempt, Contact, Delivery, Language, Notice
from notify.texts import Template, rendered, templates


class Store(Protocol):
    @property
    def notices(self) -> Collection[Notice]: ...
    @property
    def contacts(self) -> Collection[Contact]: ...
    @property
    def deliveries(self) -> Collection[Delivery]: ...


async def tell(event: Event, store: Store, now: datetime) -> list[Event]:
    """Write a notice for everyone the event concerns, and an e-mail for those who asked for one (N1, N2)."""
    for reader, template in readers(event):
        notice = _notice(event, reader, template, now)
        if await store.notices.get(notice.notice_id) is not None:
            continue
        store.notices.save(notice.notice_id, notice)
        contact = await store.contacts.get(reader.key)
        if contact is not None:
            delivery = rules.delivery_of(notice, contact, now)
            store.deliveries.save(delivery.delivery_id, delivery)
    return []


def readers(event: Event) -> Iterable[tuple[Addressee, Template]]:
    """Each reader of an event with the template that speaks to it; a newer template of a role wins."""
    told = set()
    for template in templates().get(event.type, ()):
        for role in template.roles:
            if role not in told:
                told.add(role)
                yield from ((reader, template) for reader in addressees(event, role))


@dataclass(frozen=True)
class ReadNotice:
    notice_id: str


async def read_notice(command: ReadNotice, store: Store, now: datetime) -> Done:
    notice = (await store.notices.require(command.notice_id)).read(now)
    store.notices.save(notice.notice_id, notice)
    return Done(value=notice)


@dataclass(frozen=True)
class SetContact:
    reader: Addressee
    email: str
    language: Language


async def set_contact(command: SetContact, store: Store, _now: datetime) -> Done:
    contact = rules.contact_of(command.reader, command.email, command.language)
    store.contacts.save(contact.reader, contact)
    return Done(value=contact)


@dataclass(frozen=True)
class RemoveContact:
    reader: Addressee


async def remove_contact(command: RemoveContact, store: Store, _now: datetime) -> Done:
    """From now on the inbox only. Removing what is not there changes nothing."""
    if await store.contacts.get(command.reader.key) is not None:
        store.contacts.remove(command.reader.key)
    return Done()


async def record_attempt(attempt: Attempt, store: Store, now: datetime) -> list[Event]:
    """Keep what a try came to, and say it when it was the last one or successful."""
    before = await store.deliveries.require(attempt.delivery_id)
    delivery = rules.after(before, attempt, now)
    if delivery == before:
        return []
    store.deliveries.save(delivery.delivery_id, delivery)
    return _said(delivery)


@dataclass(frozen=True)
class ResendDelivery:
    delivery_id: str
    by: str


async def resend(command: ResendDelivery, store: Store, now: datetime) -> Done:
    delivery = rules.sent_again(await store.deliveries.require(command.delivery_id), command.by, now)
    store.deliveries.save(delivery.delivery_id, delivery)
    return Done(value=delivery)


def _said(delivery: Delivery) -> list[Event]:
    if delivery.state == "delivered":
        return [
            NoticeDelivered(
                notice_id=delivery.notice_id,
                channel=delivery.channel,
                role=delivery.role,
                template=delivery.template,
            )
        ]
    if delivery.state == "failed":
        return [
            NoticeFailed(
                notice_id=delivery.notice_id,
                channel=delivery.channel,
                role=delivery.role,
                template=delivery.template,
                attempts=delivery.attempts,
                cause=delivery.cause or "unknown",
            )
        ]
    return []


def _notice(event: Event, reader: Addressee, template: Template, now: datetime) -> Notice:
    about = f"{event.type}:{event.subject}:{event.sequence}"
    text = rendered(template, event)
    return Notice(
        notice_id=f"notice-{hashlib.sha256(f'{about}>{reader.key}'.encode()).hexdigest()[:32]}",
        about=about,
        event_type=event.type,
        subject=event.subject,
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
