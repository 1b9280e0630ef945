"""Contacts: readers who want e-mail beside their inbox, at an address that they have confirmed (N1).

No reply holds an address: replies are stored with the key of their command for months.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest

from chassis.handling import Done
from messages.values import Role

from notify.domain.contacts import (
    Contact,
    code_digest,
    confirmation_delivery,
    confirmation_of,
    contact_of,
    is_void,
    with_wrong_code,
)
from notify.domain.notification import Language
from notify.domain.recipients import Recipient
from notify.domain.refusals import code_void, code_wrong
from notify.handlers.ports import Store


@dataclass(frozen=True)
class ContactReceipt:
    """The reply to a command about a contact, without the address."""

    role: Role
    language: Language
    confirmed: bool


@dataclass(frozen=True)
class SetContact:
    reader: Recipient
    email: str
    language: Language
    code: str
    """Sent to the address, unless it is the confirmed one already."""


async def set_contact(command: SetContact, store: Store, now: datetime) -> Done:
    """Send a code to a new address; only once it is confirmed are notices sent, those written from then on."""
    known = await store.contacts.get(command.reader.key)
    if known is not None and known.confirmed and known.email == command.email:
        contact = replace(known, language=command.language)
    else:
        await _forget_code(known, store)
        confirmation = confirmation_of(command.reader, command.code, now)
        contact = contact_of(command.reader, command.email, command.language, confirmation)
        delivery = confirmation_delivery(contact, confirmation, command.code, now)
        store.deliveries.save(delivery.delivery_id, delivery)
    store.contacts.save(contact.reader, contact)
    return Done(value=_receipt(contact))


@dataclass(frozen=True)
class ConfirmContact:
    reader: Recipient
    code: str


async def confirm_contact(command: ConfirmContact, store: Store, now: datetime) -> Done:
    """Use the address from now on; a wrong code is counted, and a few of them void the right one."""
    contact = await store.contacts.require(command.reader.key)
    confirmation = contact.confirmation
    if confirmation is None:
        return Done(value=_receipt(contact))
    if is_void(confirmation, now):
        raise code_void()
    if not compare_digest(confirmation.code_digest, code_digest(command.code)):
        store.contacts.save(contact.reader, with_wrong_code(contact, confirmation))
        return Done(refusal=code_wrong())
    await _forget_code(contact, store)
    confirmed = replace(contact, confirmation=None)
    store.contacts.save(contact.reader, confirmed)
    return Done(value=_receipt(confirmed))


@dataclass(frozen=True)
class RemoveContact:
    reader: Recipient


async def remove_contact(command: RemoveContact, store: Store, _now: datetime) -> Done:
    """Use the inbox only from now on; removing a contact that does not exist changes nothing."""
    if (contact := await store.contacts.get(command.reader.key)) is not None:
        await _forget_code(contact, store)
        store.contacts.remove(command.reader.key)
    return Done()


async def _forget_code(contact: Contact | None, store: Store) -> None:
    """Remove the e-mail with a code that is used, or of no use any more."""
    if contact is None or contact.confirmation is None:
        return
    if await store.deliveries.get(contact.confirmation.delivery_id) is not None:
        store.deliveries.remove(contact.confirmation.delivery_id)


def _receipt(contact: Contact) -> ContactReceipt:
    return ContactReceipt(contact.role, contact.language, contact.confirmed)
