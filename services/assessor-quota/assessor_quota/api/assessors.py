"""Routes of the register: registration, amendment, change of representative, deregistration (S7)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    IF_MATCH_REQUIRED,
    PROBLEMS,
    APIRouter,
    Authorize,
    RequestContext,
    based_on_rule,
    located_at,
    refuses,
)
from chassis.security import KeyRing
from fastapi import Depends
from messages.values import PersonRef, Uscc
from rulebook import basis, shanghai_date

from assessor_quota.api.bodies import (
    AmendmentBody,
    EndOfRegistration,
    Registration,
    RepresentativeChange,
    Restoration,
)
from assessor_quota.api.commands import Keys, actor_ref, affiliated, authorize_on, execute, expected_version
from assessor_quota.api.policies import AMEND, CHANGE_REPRESENTATIVE, DEREGISTER, REGISTER
from assessor_quota.api.views import AssessorDetail
from assessor_quota.domain.entry import ActorRef
from assessor_quota.handlers import register, representatives
from assessor_quota.store import Store

router = APIRouter(prefix="/assessors", tags=["assessors"], responses=PROBLEMS)

Register = Annotated[RequestContext[Store], Depends(Authorize(REGISTER))]
Amend = Annotated[RequestContext[Store], Depends(Authorize(AMEND))]
ChangeRepresentative = Annotated[RequestContext[Store], Depends(Authorize(CHANGE_REPRESENTATIVE))]
Deregister = Annotated[RequestContext[Store], Depends(Authorize(DEREGISTER))]


@router.post(
    "",
    summary="Register an assessor",
    openapi_extra=based_on_rule(basis("S7")) | located_at("/v1/assessors/{uscc}"),
    status_code=201,
    responses=refuses("assessor-already-registered") | refuses("registration-incomplete", status=422),
)
async def register_assessor(body: Registration, context: Register, keys: Keys) -> AssessorDetail:
    command = _registration_command(body, keys, actor_ref(context))
    persons = (*command.earlier_digests, command.representative.digest)
    await context.authorize(command, also=await affiliated(context, {body.uscc: command.representative.digest}))
    return await execute(context, register.register_assessor, command, body.uscc, persons=persons, private=True)


@router.patch(
    "/{uscc}",
    summary="Amend an assessor's entry",
    openapi_extra=based_on_rule(basis("S7")) | IF_MATCH_REQUIRED,
    responses=refuses("amendment-refused", status=422) | refuses("version-stale", status=412),
)
async def amend_assessor(
    uscc: Uscc,
    body: AmendmentBody,
    context: Amend,
) -> AssessorDetail:
    """Name, scope and staff, under the version that was read (If-Match); every problem is named at once."""
    command = register.AmendAssessor(uscc, expected_version(context), body.amendment(), actor_ref(context))
    await authorize_on(context, uscc)
    return await execute(context, register.amend_assessor, command, uscc)


@router.post(
    "/{uscc}/representative",
    summary="Change the legal representative",
    openapi_extra=based_on_rule(basis("Q4")),
    responses=refuses("change-refused") | refuses("document-number-invalid", status=422),
)
async def change_representative(
    uscc: Uscc, body: RepresentativeChange, context: ChangeRepresentative, keys: Keys
) -> AssessorDetail:
    """Its items of the year count towards the new representative as well and stay with the old one (Q4)."""
    command = _change_command(uscc, body, keys, actor_ref(context))
    await authorize_on(context, uscc)
    persons = (*command.earlier_digests, command.successor.digest)
    return await execute(context, representatives.change_representative, command, uscc, persons=persons, private=True)


@router.post(
    "/{uscc}/deregistration",
    summary="End a registration",
    openapi_extra=based_on_rule(basis("S7")),
    responses=refuses("deregistration-refused"),
)
async def end_registration(
    uscc: Uscc,
    body: EndOfRegistration,
    context: Deregister,
) -> AssessorDetail:
    """No new items from that day on; entry, items and duties stay."""
    since = body.since or shanghai_date(context.now)
    await authorize_on(context, uscc)
    command = register.EndRegistration(uscc, since, body.document_number, actor_ref(context))
    return await execute(context, register.end_registration, command, uscc)


@router.post(
    "/{uscc}/deregistration/reversal",
    summary="Take back the end of a registration",
    openapi_extra=based_on_rule(basis("S7")),
    responses=refuses("not-deregistered"),
)
async def restore_registration(
    uscc: Uscc,
    body: Restoration,
    context: Deregister,
) -> AssessorDetail:
    await authorize_on(context, uscc)
    command = register.RestoreRegistration(uscc, body.document_number, actor_ref(context))
    return await execute(context, register.restore_registration, command, uscc)


def _registration_command(body: Registration, keys: KeyRing, by: ActorRef) -> register.RegisterAssessor:
    person = body.representative.pseudonym(keys, "S7", "registration-incomplete")
    return register.RegisterAssessor(
        uscc=body.uscc,
        name=body.name,
        representative=PersonRef(digest=person.digest, masked=person.masked),
        representative_name=body.representative.name,
        earlier_digests=person.earlier,
        scope=tuple(dict.fromkeys(body.scope)),
        staff=tuple(each.member(number) for number, each in enumerate(body.staff, 1)),
        by=by,
    )


def _change_command(
    uscc: str, body: RepresentativeChange, keys: KeyRing, by: ActorRef
) -> representatives.ChangeRepresentative:
    person = body.representative.pseudonym(keys, "Q4", "document-number-invalid")
    return representatives.ChangeRepresentative(
        uscc=uscc,
        successor=PersonRef(digest=person.digest, masked=person.masked),
        name=body.representative.name,
        earlier_digests=person.earlier,
        changed_on=body.changed_on,
        document_number=body.document_number,
        by=by,
    )
