"""What callers are shown."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from messages.values import AssessorRef, Ban, Identifier, PersonRef, Reason, Text, UnitRef, UnitType
from pydantic import BaseModel, ConfigDict, Field

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import ItemState


class View(BaseModel):
    """Read from the service's own values; ``from`` and ``until`` are the words of the interface."""

    model_config = ConfigDict(frozen=True, from_attributes=True, extra="forbid", populate_by_name=True)


class StaffMember(View):
    staff_id: Identifier
    name: Text
    qualification: Text
    since: Annotated[date, Field(alias="from")]
    until: date | None = None


class Sanction(View):
    document_number: Text
    decided_on: date
    ban: Ban
    reasons: tuple[Reason, ...]
    rule_set: str
    revoked_on: date | None
    revocation_document: str | None


class AssessorDetail(View):
    """For officers and the assessor itself: with its people, the representative's number masked."""

    uscc: str
    name: str
    representative: PersonRef
    representative_name: str
    scope: tuple[UnitType, ...]
    staff: tuple[StaffMember, ...]
    registered_on: date
    sanctions: tuple[Sanction, ...]


class AssessorEntry(View):
    """For everyone: who is registered for what, and the sanctions, which are public (N4)."""

    uscc: str
    name: str
    scope: tuple[UnitType, ...]
    registered_on: date
    sanctions: tuple[Sanction, ...]


class ItemInUse(View):
    application_id: str
    year: int
    state: ItemState
    assessor: AssessorRef
    unit: UnitRef


class Sister(View):
    """An assessor of the same legal representative, with its sanction if one holds today (S3)."""

    uscc: str
    name: str
    sanctioned_until: date | None


class Quota(View):
    """What is used and left for one legal representative, and of the items those that the caller may see (Q7)."""

    representative: PersonRef
    year: int
    limit: int
    used: int
    remaining: int
    assessors: tuple[Sister, ...]
    items: tuple[ItemInUse, ...]


def sister(assessor: Assessor, today: date) -> Sister:
    holding = assessor.sanction_on(today)
    until = None if holding is None else holding.ban.last_day
    return Sister(uscc=assessor.uscc, name=assessor.name, sanctioned_until=until)
