"""Own contact: an e-mail address for each role of the caller that receives notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from chassis.http import PROBLEMS, APIRouter, Authorize, Body, RequestContext, based_on_rule
from chassis.security import Actor
from fastapi import Depends
from messages.entries import EmailAddress
from messages.values import Role
from pydantic import Field
from rulebook import basis

from notify.api.policies import MANAGE_CONTACT
from notify.api.readers import reader_in
from notify.api.views import ContactState, ContactView
from notify.domain.contacts import new_code
from notify.domain.notification import Language
from notify.domain.recipients import Recipient
from notify.domain.refusals import role_not_held
from notify.handlers.contacts import (
    ConfirmContact,
    RemoveContact,
    SetContact,
    confirm_contact,
    remove_contact,
    set_contact,
)
from notify.store import Store

ManageContact = Annotated[RequestContext[Store], Depends(Authorize(MANAGE_CONTACT))]

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], responses=PROBLEMS)


class ContactBody(Body):
    email: EmailAddress
    language: Language = "zh"


class ConfirmationBody(Body):
    code: Annotated[str, Field(pattern="^[0-9]{8}$", description="The eight figures of the e-mail")]


@router.get("/{role}", openapi_extra=based_on_rule(basis("N1")))
async def get_own_contact(role: Role, context: ManageContact) -> ContactView:
    return ContactView.model_validate(await context.store.contacts.require(_own_reader(context.actor, role).key))


@router.put("/{role}", openapi_extra=based_on_rule(basis("N1")))
async def set_own_contact(role: Role, body: ContactBody, context: ManageContact) -> ContactView:
    """Send a code to the address; once it is confirmed, notices in this role also come by e-mail."""
    command = SetContact(_own_reader(context.actor, role), body.email, body.language, new_code())
    done = await context.execute(set_contact, command, prefetch=_key_of(command.reader), reply=ContactState)
    return ContactView(email=body.email, **done.model_dump())


@router.post(
    "/{role}/confirmation", summary="Confirm the address of an own contact", openapi_extra=based_on_rule(basis("N1"))
)
async def confirm_own_contact(role: Role, body: ConfirmationBody, context: ManageContact) -> ContactState:
    """Confirm the address by the code that was sent there; from now on notices come there too."""
    command = ConfirmContact(_own_reader(context.actor, role), body.code)
    return await context.execute(confirm_contact, command, prefetch=_key_of(command.reader), reply=ContactState)


@router.delete("/{role}", status_code=204, openapi_extra=based_on_rule(basis("N1")))
async def remove_own_contact(role: Role, context: ManageContact) -> None:
    """From now on the inbox only."""
    command = RemoveContact(_own_reader(context.actor, role))
    await context.execute(remove_contact, command, prefetch=_key_of(command.reader))


def _own_reader(actor: Actor, role: Role) -> Recipient:
    """Return the inbox of the actor in one of its roles; raise a Refusal for any other."""
    if (reader := reader_in(role, actor)) is None:
        raise role_not_held(role)
    return reader


def _key_of(reader: Recipient) -> Iterable[tuple[str, str]]:
    return [("contacts", reader.key)]
