"""The register of assessors over HTTP: entered, amended, ended (S7)."""

from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.http.openapi import IF_MATCH_REQUIRED
from chassis.http.problems import based_on_rule
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter, Depends
from messages.values import PersonRef, Uscc
from rulebook import basis, shanghai_date

from assessor_quota import handlers
from assessor_quota.api.bodies import (
    AmendmentBody,
    EndOfRegistration,
    Registration,
    RepresentativeChange,
    Restoration,
)
from assessor_quota.api.commands import by, seen, tagged
from assessor_quota.api.policies import AMEND, CHANGE_REPRESENTATIVE, DEREGISTER, REGISTER
from assessor_quota.api.views import AssessorDetail, Kept
from assessor_quota.domain.entry import ActorRef
from assessor_quota.store import Store


def router(keys: KeyRing) -> APIRouter:
    routes = APIRouter(prefix="/assessors", tags=["assessors"], responses=PROBLEMS)
    _entering(routes, keys)
    _changing_hands(routes, keys)
    _ending(routes)
    return routes


def _entering(routes: APIRouter, keys: KeyRing) -> None:
    @routes.post(
        "",
        summary="Register an assessor",
        openapi_extra=based_on_rule(basis("S7")),
        status_code=201,
        responses=refuses("assessor-already-registered") | refuses("registration-incomplete", status=422),
    )
    async def register(
        body: Registration,
        call: Annotated[RequestContext[Store], Depends(Authorize(REGISTER))],
    ) -> AssessorDetail:
        command = _registering(body, keys, by(call))
        return tagged(call, await call.execute(handlers.register_assessor, command, private=True, reply=Kept))

    @routes.patch(
        "/{uscc}",
        summary="Amend an assessor's entry",
        openapi_extra=based_on_rule(basis("S7")) | IF_MATCH_REQUIRED,
        responses=refuses("amendment-refused", status=422) | refuses("version-stale", status=412),
    )
    async def amend(
        uscc: Uscc,
        body: AmendmentBody,
        call: Annotated[RequestContext[Store], Depends(Authorize(AMEND))],
    ) -> AssessorDetail:
        """Name, scope and staff, under the version that was read (If-Match); every problem is told at once."""
        command = handlers.AmendAssessor(uscc, seen(call), body.amendment(), by(call))
        return tagged(call, await call.execute(handlers.amend_assessor, command, reply=Kept))


def _changing_hands(routes: APIRouter, keys: KeyRing) -> None:
    @routes.post(
        "/{uscc}/representative",
        summary="Change the legal representative",
        openapi_extra=based_on_rule(basis("Q4")),
        responses=refuses("change-refused") | refuses("document-number-invalid", status=422),
    )
    async def change_representative(
        uscc: Uscc,
        body: RepresentativeChange,
        call: Annotated[RequestContext[Store], Depends(Authorize(CHANGE_REPRESENTATIVE))],
    ) -> AssessorDetail:
        """Its items of the year count towards the new representative as well and stay with the old one (Q4)."""
        command = _changing(uscc, body, keys, by(call))
        return tagged(call, await call.execute(handlers.change_representative, command, private=True, reply=Kept))


def _ending(routes: APIRouter) -> None:
    @routes.post(
        "/{uscc}/deregistration",
        summary="End a registration",
        openapi_extra=based_on_rule(basis("S7")),
        responses=refuses("deregistration-refused"),
    )
    async def end(
        uscc: Uscc,
        body: EndOfRegistration,
        call: Annotated[RequestContext[Store], Depends(Authorize(DEREGISTER))],
    ) -> AssessorDetail:
        """No new items from that day on; entry, items and duties stay."""
        since = body.since or shanghai_date(call.now)
        command = handlers.EndRegistration(uscc, since, body.document_number, by(call))
        return tagged(call, await call.execute(handlers.end_registration, command, reply=Kept))

    @routes.post(
        "/{uscc}/deregistration/reversal",
        summary="Take back the end of a registration",
        openapi_extra=based_on_rule(basis("S7")),
        responses=refuses("not-deregistered"),
    )
    async def restore(
        uscc: Uscc,
        body: Restoration,
        call: Annotated[RequestContext[Store], Depends(Authorize(DEREGISTER))],
    ) -> AssessorDetail:
        command = handlers.RestoreRegistration(uscc, body.document_number, by(call))
        return tagged(call, await call.execute(handlers.restore_registration, command, reply=Kept))


def _registering(body: Registration, keys: KeyRing, who: ActorRef) -> handlers.RegisterAssessor:
    person = body.representative.identified(keys, "S7", "registration-incomplete")
    return handlers.RegisterAssessor(
        uscc=body.uscc,
        name=body.name,
        representative=PersonRef(digest=person.digest, masked=person.masked),
        representative_name=body.representative.name,
        earlier_digests=person.earlier,
        scope=tuple(dict.fromkeys(body.scope)),
        staff=tuple(each.member(place) for place, each in enumerate(body.staff, 1)),
        by=who,
    )


def _changing(uscc: str, body: RepresentativeChange, keys: KeyRing, who: ActorRef) -> handlers.ChangeRepresentative:
    person = body.representative.identified(keys, "Q4", "document-number-invalid")
    return handlers.ChangeRepresentative(
        uscc=uscc,
        successor=PersonRef(digest=person.digest, masked=person.masked),
        name=body.representative.name,
        earlier_digests=person.earlier,
        changed_on=body.changed_on,
        document_number=body.document_number,
        by=who,
    )
