"""Notices: written for everyone whom an event concerns, and read by them (N1, N2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from chassis.handling import Done
from messages.event import Event
from messages.values import Role

from notify.domain.notification import Notification, delivery_of
from notify.domain.recipients import Recipient, recipients
from notify.domain.texts import ON_EVENT, Template, templates_by_role
from notify.handlers.ports import Store, Templates


@dataclass(frozen=True)
class NotificationContext:
    """The occasion of a notice: ``about`` and the reader make the notice unique (N2)."""

    about: str
    event_type: str
    subject: str
    facts: Mapping[str, Any]


async def notify(event: Event, store: Store, now: datetime) -> list[Event]:
    """Write a notice for everyone the event concerns, and an e-mail for those who asked for one (N1, N2)."""
    context = NotificationContext(_about(event), event.type, event.subject, event.model_dump(mode="json"))
    for reader, template in recipients_of(event, store.templates):
        seen = replace(context, facts=event.public_view()) if reader.role is Role.PUBLIC else context
        await create_notification(seen, reader, template, store, now)
    return []


async def prefetch_keys(event: Event, store: Store) -> Iterable[tuple[str, str]]:
    """Keys of the notices that the readers may have already, and of their contacts.

    Related keys, not ``prefetch``: two batches that share an office's contact need not wait for one another.
    """
    readers = [reader for reader, _ in recipients_of(event, store.templates)]
    about = _about(event)
    return [key for reader in readers for key in (("notices", notice_id_of(about, reader)), ("contacts", reader.key))]


def recipients_of(event: Event, templates: Templates) -> Iterable[tuple[Recipient, Template]]:
    """Each reader of an event with the reader's template."""
    for role, template in templates_by_role(templates.of_event(event.type), ON_EVENT):
        yield from ((reader, template) for reader in recipients(event, role))


async def create_notification(
    context: NotificationContext, reader: Recipient, template: Template, store: Store, now: datetime
) -> None:
    """Write one notice for one reader, unless the reader has it already."""
    notice_id = notice_id_of(context.about, reader)
    if await store.notices.get(notice_id) is not None:
        return
    text = store.templates.render(template, context.facts)
    notice = Notification(
        notice_id=notice_id,
        about=context.about,
        event_type=context.event_type,
        subject=context.subject,
        reader=reader.key,
        role=reader.role,
        organisation=reader.organisation,
        prefecture=reader.prefecture,
        person=reader.subject,
        template=template.id,
        template_version=template.version,
        at=now,
        **asdict(text),
    )
    store.notices.save(notice_id, notice)
    contact = await store.contacts.get(reader.key)
    if contact is not None and contact.confirmed:
        delivery = delivery_of(notice, contact.language, now)
        store.deliveries.save(delivery.delivery_id, delivery)


@dataclass(frozen=True)
class ReadNotice:
    notice_id: str
    real_time: datetime
    """The system's time, also where the service runs on a simulated clock."""


async def read_notice(command: ReadNotice, store: Store, now: datetime) -> Done:
    notice = (await store.notices.require(command.notice_id)).read(now, command.real_time)
    store.notices.save(notice.notice_id, notice)
    return Done(value=notice)


def _about(event: Event) -> str:
    return f"{event.type}:{event.subject}:{event.sequence}"


def notice_id_of(about: str, reader: Recipient) -> str:
    return f"notice-{hashlib.sha256(f'{about}>{reader.key}'.encode()).hexdigest()[:32]}"
