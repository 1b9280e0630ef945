"""Routes of an assessor's own word on the applications that name it (Q5)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    refuses,
)
from fastapi import Depends
from messages.values import Uscc
from rulebook import basis

from assessor_quota.api.bodies import ConfirmationBody, DenialBody
from assessor_quota.api.commands import actor_ref
from assessor_quota.api.policies import CONFIRM_NAMING, DENY_NAMING, READ_NAMINGS
from assessor_quota.api.views import ConfirmedNamings, NamingReplyView, NamingView, naming_view
from assessor_quota.handlers import lookup, namings
from assessor_quota.store import Store

router = APIRouter(tags=["namings"], responses=PROBLEMS)

ConfirmNamings = Annotated[RequestContext[Store], Depends(Authorize(CONFIRM_NAMING))]
DenyNaming = Annotated[RequestContext[Store], Depends(Authorize(DENY_NAMING))]
ReadNamings = Annotated[RequestContext[Store], Depends(Authorize(READ_NAMINGS))]


@router.post(
    "/assessors/{uscc}/namings/confirmations",
    summary="Confirm that an assessor evaluates applications",
    openapi_extra=based_on_rule(basis("Q5")),
    responses=refuses("naming-refused", status=422),
)
async def confirm_namings(uscc: Uscc, body: ConfirmationBody, context: ConfirmNamings) -> ConfirmedNamings:
    """Before the submission or after it: an application that waits gets its item at once, if one is left."""
    command = namings.ConfirmNamings(uscc, tuple(each.application() for each in body.namings), actor_ref(context))
    return await context.execute(
        namings.confirm_namings,
        command,
        resource=command,
        prefetch=namings.documents_read(uscc, [each.application_id for each in command.namings]),
        prefetch_related=namings.ledgers_of_confirmed,
        reply=ConfirmedNamings,
    )


@router.post(
    "/assessors/{uscc}/namings/denials",
    summary="Deny that an assessor evaluates an application",
    openapi_extra=based_on_rule(basis("Q5")),
    responses=refuses("naming-settled"),
)
async def deny_naming(uscc: Uscc, body: DenialBody, context: DenyNaming) -> NamingReplyView:
    """By an assessor that was named falsely: the application is returned or stopped, and its place comes back."""
    command = namings.DenyNaming(uscc, body.application_id, body.reason, actor_ref(context))
    return await context.execute(
        namings.deny_naming,
        command,
        resource=command,
        prefetch=namings.documents_read(uscc, [body.application_id]),
        prefetch_related=namings.ledgers_of_denied,
        reply=NamingReplyView,
    )


@router.get("/assessors/{uscc}/namings", summary="List an assessor's words")
async def list_namings(
    uscc: Uscc, context: ReadNamings, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[NamingView]:
    """The applications that it has confirmed and denied. Those that wait are its items in state `awaiting`."""
    await context.authorize(await lookup.find_assessor(uscc, context.store), absent=lookup.unknown_assessor(uscc))
    page = await context.page(context.store.progress, {"words.assessor_uscc": uscc}, limit=limit, after=after)
    return page.map(lambda each: naming_view(each, uscc))
