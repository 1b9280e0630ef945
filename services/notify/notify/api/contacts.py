"""Own contact: an e-mail address for each role of the caller that receives notices."""

from __future__ import annotations

from typing import Annotated

from chassis.http import PROBLEMS, Authorize, Body, RequestContext, based_on_rule
from chassis.security import Actor
from fastapi import APIRouter, Depends
from messages.values import Role
from pydantic import Field
from rulebook import basis

from notify.api.policies import MANAGE_CONTACT
from notify.api.views import ContactView
from notify.domain.notification import Language
from notify.domain.recipients import Recipient
from notify.domain.refusals import role_not_held
from notify.handlers.contacts import RemoveContact, SetContact, remove_contact, set_contact
from notify.store import Store

ManageContact = Annotated[RequestContext[Store], Depends(Authorize(MANAGE_CONTACT))]

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], responses=PROBLEMS)


class ContactBody(Body):
    email: Annotated[str, Field(pattern="^[^@\\s]+@[^@\\s]+[.][^@\\s]+$", max_length=254)]
    language: Language = "zh"


@router.get("/{role}", openapi_extra=based_on_rule(basis("N1")))
async def get_own_contact(role: Role, context: ManageContact) -> ContactView:
    return ContactView.model_validate(await context.store.contacts.require(_reader(context.actor, role).key))


@router.put("/{role}", openapi_extra=based_on_rule(basis("N1")))
async def set_own_contact(role: Role, body: ContactBody, context: ManageContact) -> ContactView:
    """From now on notices in this role also come by e-mail."""
    command = SetContact(_reader(context.actor, role), body.email, body.language)
    return await context.execute(set_contact, command, reply=ContactView)


@router.delete("/{role}", status_code=204, openapi_extra=based_on_rule(basis("N1")))
async def remove_own_contact(role: Role, context: ManageContact) -> None:
    """From now on the inbox only."""
    await context.execute(remove_contact, RemoveContact(_reader(context.actor, role)))


def _reader(actor: Actor, role: Role) -> Recipient:
    """The inbox of the actor in one of its roles, named as ``domain.recipients`` does; a Refusal for other roles."""
    by_organisation = role in {Role.APPLICANT, Role.ASSESSOR, Role.CONSULTED_DEPARTMENT}
    by_prefecture = role in {Role.PREFECTURE_OFFICER, Role.CONSULTED_DEPARTMENT}
    if not actor.acts_as(role) or role in {Role.PUBLIC, Role.OPERATOR, Role.AGENCY}:
        raise role_not_held(role)
    return Recipient(
        role,
        organisation=actor.organisation if by_organisation else None,
        prefecture=actor.prefecture if by_prefecture else None,
        subject=actor.subject if role is Role.EXPERT else None,
    )
