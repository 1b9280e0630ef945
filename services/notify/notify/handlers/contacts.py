"""Contacts: readers who want e-mail beside their inbox (N1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done

from notify.domain.notification import Language, contact_of
from notify.domain.recipients import Recipient
from notify.handlers.ports import Store


@dataclass(frozen=True)
class SetContact:
    reader: Recipient
    email: str
    language: Language


async def set_contact(command: SetContact, store: Store, _now: datetime) -> Done:
    """Send e-mail from now on; notices written before are not sent."""
    contact = contact_of(command.reader, command.email, command.language)
    store.contacts.save(contact.reader, contact)
    return Done(value=contact)


@dataclass(frozen=True)
class RemoveContact:
    reader: Recipient


async def remove_contact(command: RemoveContact, store: Store, _now: datetime) -> Done:
    """Use the inbox only from now on; removing a contact that does not exist changes nothing."""
    if await store.contacts.get(command.reader.key) is not None:
        store.contacts.remove(command.reader.key)
    return Done()
