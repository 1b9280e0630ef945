"""HTTP to handler: own inbox, public board, own contact, and the operator's deliveries."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from chassis.clock import SystemClock
from chassis.handling import Refusal
from chassis.http.endpoint import Authorize, Limit, Page, RequestContext
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from chassis.security.policies import (
    Policy,
    Rule,
    all_of,
    and_filters,
    everything,
    only,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
)
from fastapi import APIRouter, Depends, Path
from messages.values import Role
from pydantic import BaseModel, ConfigDict, Field
from rulebook import basis, reason

from notify import handlers
from notify.domain.notification import Delivery, Language, Notification, State
from notify.domain.recipients import Recipient
from notify.store import Store

_ORGANISATION = (Role.APPLICANT, Role.ASSESSOR)
_PLAIN = (Role.REGIONAL_OFFICER, Role.REVIEW_ORGANISATION)

INBOX = Policy(
    "inbox.read",
    (
        *(Rule(role, all_of(only("role", role), own_organisation("organisation"))) for role in _ORGANISATION),
        Rule(Role.PREFECTURE_OFFICER, all_of(only("role", Role.PREFECTURE_OFFICER), own_prefecture("prefecture"))),
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(
                only("role", Role.CONSULTED_DEPARTMENT), own_organisation("organisation"), own_prefecture("prefecture")
            ),
        ),
        Rule(Role.EXPERT, all_of(only("role", Role.EXPERT), own_subject("person"))),
        *(Rule(role, only("role", role)) for role in _PLAIN),
    ),
    hidden=True,
)
BOARD = Policy("board.read", (Rule(Role.PUBLIC, public),))
CONTACT = Policy("contact.keep", tuple(Rule(rule.role, everything) for rule in INBOX.rules))
DELIVERIES = Policy("delivery.oversee", (Rule(Role.OPERATOR, everything),))

NoticeId = Annotated[str, Path(pattern="^notice-[0-9a-f]{32}$")]
DeliveryId = Annotated[str, Path(pattern="^notice-[0-9a-f]{32}:email$")]


class NoticeView(BaseModel):
    """What one reader is told of one event, in Chinese and English."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: str
    about: str
    """Type, subject and sequence of the event."""
    event_type: str
    subject: str
    role: Role
    organisation: str | None
    prefecture: str | None
    person: str | None
    template: str
    template_version: str
    title: str
    body: str
    title_en: str
    body_en: str
    at: datetime
    read_at: datetime | None


class ContactBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(pattern="^[^@\\s]+@[^@\\s]+[.][^@\\s]+$", max_length=254)]
    language: Language = "zh"


class ContactView(BaseModel):
    role: Role
    email: str
    language: Language


class DeliveryView(BaseModel):
    """A delivery as an operator sees it: no text, no address."""

    delivery_id: str
    notice_id: str
    role: Role
    template: str
    state: State
    attempts: int
    cause: str | None


def router() -> APIRouter:
    routes = APIRouter(prefix="/v1")
    _inbox(routes)
    _contacts(routes)
    _deliveries(routes)
    return routes


def _inbox(routes: APIRouter) -> None:
    @routes.get("/inbox", tags=["inbox"], openapi_extra=based_on_rule(basis("N1")))
    async def list_own_notices(
        call: Annotated[RequestContext[Store], Depends(Authorize(INBOX))],
        *,
        unread: bool = False,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[NoticeView]:
        """Own notices, newest first."""
        where = and_filters(call.filter(), {"read_at": None} if unread else {})
        return _shown(await call.page(call.store.notices, where, (("at", -1),), limit, after))

    @routes.post("/inbox/{notice_id}/read", tags=["inbox"], openapi_extra=based_on_rule(basis("N1")))
    async def mark_as_read(
        notice_id: NoticeId, call: Annotated[RequestContext[Store], Depends(Authorize(INBOX))]
    ) -> NoticeView:
        """Mark as read; a second time changes nothing."""
        notice = await call.store.notices.require(notice_id)
        command = handlers.ReadNotice(notice_id, SystemClock().now())
        return await call.execute(handlers.read_notice, command, resource=notice, reply=NoticeView)

    @routes.get("/board", tags=["board"], openapi_extra=based_on_rule(basis("N4")))
    async def list_public_announcements(
        call: Annotated[RequestContext[Store], Depends(Authorize(BOARD))],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[NoticeView]:
        """What is public: notices, lists, registrations, sanctions, removals (N4); newest first."""
        return _shown(await call.page(call.store.notices, {"role": Role.PUBLIC}, (("at", -1),), limit, after))


def _contacts(routes: APIRouter) -> None:
    @routes.get("/contacts/{role}", tags=["contacts"], openapi_extra=based_on_rule(basis("N1")))
    async def show_own_contact(
        role: Role, call: Annotated[RequestContext[Store], Depends(Authorize(CONTACT))]
    ) -> ContactView:
        contact = await call.store.contacts.require(_reader(call, role).key)
        return ContactView(role=role, email=contact.email, language=contact.language)

    @routes.put("/contacts/{role}", tags=["contacts"], openapi_extra=based_on_rule(basis("N1")))
    async def set_own_contact(
        role: Role, body: ContactBody, call: Annotated[RequestContext[Store], Depends(Authorize(CONTACT))]
    ) -> ContactView:
        """From now on notices in this role also come by e-mail."""
        command = handlers.SetContact(_reader(call, role), body.email, body.language)
        return await call.execute(handlers.set_contact, command, reply=ContactView)

    @routes.delete("/contacts/{role}", status_code=204, tags=["contacts"], openapi_extra=based_on_rule(basis("N1")))
    async def remove_own_contact(
        role: Role, call: Annotated[RequestContext[Store], Depends(Authorize(CONTACT))]
    ) -> None:
        """From now on the inbox only."""
        await call.execute(handlers.remove_contact, handlers.RemoveContact(_reader(call, role)))


def _deliveries(routes: APIRouter) -> None:
    @routes.get("/deliveries", tags=["deliveries"], openapi_extra=based_on_rule(basis("N2")))
    async def list_deliveries(
        call: Annotated[RequestContext[Store], Depends(Authorize(DELIVERIES))],
        state: State | Literal["all"] = "failed",
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[DeliveryView]:
        """E-mails by state, without addresses."""
        where = {} if state == "all" else {"state": state}
        found = await call.page(call.store.deliveries, where, limit=limit, after=after)
        return Page(items=[_delivery_view(each) for each in found.items], next=found.next)

    @routes.post(
        "/deliveries/{delivery_id}/resend",
        summary="Send a failed e-mail again",
        tags=["deliveries"],
        openapi_extra=based_on_rule(basis("N2")),
    )
    async def resend(
        delivery_id: DeliveryId, call: Annotated[RequestContext[Store], Depends(Authorize(DELIVERIES))]
    ) -> DeliveryView:
        """Try a parked e-mail again (N2)."""
        command = handlers.ResendDelivery(delivery_id, call.actor.subject)
        return _delivery_view(await call.execute(handlers.resend, command, reply=Delivery))


def _shown(found: Page[Notification]) -> Page[NoticeView]:
    return Page(items=[NoticeView.model_validate(each) for each in found.items], next=found.next)


def _delivery_view(delivery: Delivery) -> DeliveryView:
    return DeliveryView.model_validate(asdict(delivery))


def _reader(call: RequestContext[Store], role: Role) -> Recipient:
    """The inbox of the actor in one of its roles, as ``domain.recipients`` names it."""
    actor = call.actor
    by_organisation = role in {*_ORGANISATION, Role.CONSULTED_DEPARTMENT}
    by_prefecture = role in {Role.PREFECTURE_OFFICER, Role.CONSULTED_DEPARTMENT}
    if not actor.acts_as(role) or role in {Role.PUBLIC, Role.OPERATOR, Role.AGENCY}:
        why = reason("P1", "role-not-held", "请指定本人具有的、接收通知的角色", role)
        raise Refusal("role-not-held", why, status=403, title="Name a role of your own that receives notices")
    return Recipient(
        role,
        organisation=actor.organisation if by_organisation else None,
        prefecture=actor.prefecture if by_prefecture else None,
        subject=actor.subject if role is Role.EXPERT else None,
    )
