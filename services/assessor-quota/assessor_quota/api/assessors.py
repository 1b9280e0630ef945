"""The register of assessors over HTTP (S7)."""

from datetime import date
from typing import Annotated

from chassis.access import Policy, Rule, everything, own_organisation, public
from chassis.handling import Refusal
from chassis.http import PROBLEMS, Call, Gate, Page, etag, refuses
from chassis.identity import Identity, Keys
from fastapi import APIRouter, Depends, Query, Response
from messages.values import Identifier, PersonRef, Role, Text, UnitType, Uscc
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from rulebook import reason

from assessor_quota import handlers
from assessor_quota.api.views import AssessorDetail, AssessorEntry
from assessor_quota.domain.assessor import StaffMember
from assessor_quota.store import Store

REGISTER = Policy("assessor.register", (Rule(Role.REGIONAL_OFFICER, everything),))
LIST = Policy("assessor.list", (Rule(Role.PUBLIC, public),))
READ = Policy(
    "assessor.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, everything),
        Rule(Role.ASSESSOR, own_organisation("uscc")),
    ),
)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Representative(Body):
    document_number: SecretStr
    """Never kept: only a keyed digest and a masked form are."""
    name: Text


class Staff(Body):
    staff_id: Identifier | None = None
    """By which a report names its author and reviewer; ``S1``, ``S2``, … in the order given when absent."""
    name: Text
    qualification: Text
    since: Annotated[date, Field(alias="from")]
    until: date | None = None


class Registration(Body):
    uscc: Uscc
    name: Annotated[str, Field(min_length=1, max_length=200)]
    representative: Representative
    scope: tuple[UnitType, ...]
    staff: tuple[Staff, ...]


def router(gate: Gate, keys: Keys) -> APIRouter:
    routes = APIRouter(tags=["assessors"], responses=PROBLEMS)

    @routes.post(
        "/assessors",
        status_code=201,
        responses=refuses("assessor-already-registered") | refuses("registration-incomplete", status=422),
    )
    async def register(body: Registration, call: Annotated[Call, Depends(gate.call(REGISTER))]) -> AssessorDetail:
        command = _command(body, keys)
        return await call.perform(handlers.register_assessor, command, Store, private=True, reply=AssessorDetail)

    @routes.get("/assessors")
    async def registered(
        call: Annotated[Call, Depends(gate.call(LIST))],
        scope: UnitType | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        after: str | None = None,
    ) -> Page[AssessorEntry]:
        where = {} if scope is None else {"scope": scope}
        found = await call.page(call.reads(Store).assessors, where, limit=limit, after=after)
        return Page(items=[AssessorEntry.model_validate(each) for each in found.items], next=found.next)

    @routes.get("/assessors/{uscc}")
    async def one(uscc: Uscc, call: Annotated[Call, Depends(gate.call(READ))], response: Response) -> AssessorDetail:
        store = call.reads(Store)
        assessor = await store.assessors.require(uscc)
        await call.allow(assessor)
        response.headers["ETag"] = etag(store.assessors.version(uscc))
        return AssessorDetail.model_validate(assessor)

    return routes


def _command(body: Registration, keys: Keys) -> handlers.RegisterAssessor:
    person = _identified(body.representative, keys)
    return handlers.RegisterAssessor(
        uscc=body.uscc,
        name=body.name,
        representative=PersonRef(digest=person.digest, masked=person.masked),
        representative_name=body.representative.name,
        earlier_digests=person.earlier,
        scope=tuple(dict.fromkeys(body.scope)),
        staff=tuple(_staff_member(place, each) for place, each in enumerate(body.staff, 1)),
    )


def _identified(representative: Representative, keys: Keys) -> Identity:
    try:
        return keys.identify(representative.document_number.get_secret_value())
    except ValueError:
        text = "法定代表人证件号码格式不正确"
        wrong = reason("S7", "document-number-invalid", text, pointer="/representative/document_number")
        raise Refusal("registration-incomplete", wrong, status=422) from None


def _staff_member(place: int, staff: Staff) -> StaffMember:
    staff_id = staff.staff_id or f"S{place}"
    return StaffMember(staff_id, staff.name, staff.qualification, staff.since, staff.until)
