"""Representations of assessors, sanctions and items."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import chassis.http
from messages.values import AssessorRef, Ban, Identifier, PersonRef, Prefecture, Reason, Text, UnitRef, UnitType
from pydantic import ConfigDict, Field

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import EntryKind
from assessor_quota.domain.item import ItemState
from assessor_quota.domain.naming import Word


class View(chassis.http.View):
    """A representation; ``from`` and ``until`` are the words of the interface."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class StaffMember(View):
    staff_id: Identifier
    name: Text
    qualification: Text
    since: Annotated[date, Field(alias="from")]
    until: date | None = None


class FormerRepresentative(View):
    """In office up to the day before ``replaced_on``."""

    person: PersonRef
    name: Text
    replaced_on: date
    document_number: Text | None


class Deregistration(View):
    since: date
    document_number: Text


class Sanction(View):
    document_number: Text
    decided_on: date
    ban: Ban
    reasons: tuple[Reason, ...]
    rule_set: str
    revoked_on: date | None
    revocation_document: str | None


class AffiliateView(View):
    """An assessor of the same legal representative, with its sanction if one is in force today (S3)."""

    uscc: str
    name: str
    sanctioned_until: date | None


class AssessorDetail(View, extra="ignore"):
    """For officers and the assessor itself: with its people, the representative's number masked.

    The key by which the name is compared stays inside.
    """

    uscc: str
    name: str
    representative: PersonRef
    representative_name: str
    former: tuple[FormerRepresentative, ...]
    scope: tuple[UnitType, ...]
    staff: tuple[StaffMember, ...]
    registered_on: date
    deregistered: Deregistration | None
    sanctions: tuple[Sanction, ...]
    sanctioned_until: date | None
    """The last day on which one of them holds, which may be over."""
    prefectures: tuple[Prefecture, ...]
    """Where it has been granted items."""
    entries: int
    """Number of the entries in its history."""
    affiliates: tuple[AffiliateView, ...] = ()
    """The other assessors of its legal representative; shown where one entry is read."""


class VersionedAssessorDetail(View):
    assessor: AssessorDetail
    version: int


class AssessorEntry(View):
    """For everyone: the scope and the sanctions of an assessor, which are public (N4)."""

    uscc: str
    name: str
    scope: tuple[UnitType, ...]
    registered_on: date
    deregistered: Deregistration | None
    sanctions: tuple[Sanction, ...]


class ActorView(View):
    subject: str
    roles: tuple[str, ...]


class HistoryEntry(View):
    """One entry of an assessor's history; it names no person of the assessor."""

    number: int
    what: EntryKind
    at: datetime
    on: date
    by: ActorView
    document_number: str | None
    changed: tuple[str, ...]


class ItemInUse(View):
    application_id: str
    year: int
    state: ItemState
    assessor: AssessorRef
    unit: UnitRef


class ItemDetail(ItemInUse):
    submitted_on: date | None
    answer_by: date | None
    """Last day of the assessor's word, where the item waits or waited for it."""
    rule_set: str | None
    refused_for: tuple[str, ...]
    """Codes of the reasons, where it was refused."""


class NamingReplyView(View):
    application_id: str
    word: Word
    state: ItemState | None
    """Of the item; none before the submission."""
    refused_for: tuple[str, ...]
    """Codes of the reasons for which the item was refused all the same."""


class ConfirmedNamings(View):
    namings: tuple[NamingReplyView, ...]
    """In the order of the request."""


class NamingView(View):
    """The assessor's own word on an application."""

    application_id: str
    unit_uscc: str
    word: Word
    at: datetime
    reason: str | None


class Quota(View):
    """Used and remaining items of one legal representative, with those items that the caller may see (Q7)."""

    representative: PersonRef
    year: int
    limit: int
    used: int
    """More than the limit only where items were carried over with an assessor (Q4)."""
    remaining: int
    assessors: tuple[AffiliateView, ...]
    items: tuple[ItemInUse, ...]


class PublicSanction(View):
    """A decision as everyone sees it, revoked or not (N4, S4)."""

    assessor: AssessorRef
    sanction: Sanction


class SanctionPreviewView(View):
    """The consequences that a decision would have; nothing was recorded."""

    decision: PublicSanction
    items: tuple[ItemInUse, ...]
    """In use: the applications that rest on the assessor's reports (S2)."""
    affiliates: tuple[AffiliateView, ...]
    """Would be flagged to reviewers, not banned (S3)."""


def naming_view(progress: ApplicationProgress, uscc: str) -> NamingView:
    """Show one assessor's word on the application, and nobody else's."""
    naming = next(each for each in progress.words if each.assessor_uscc == uscc)
    return NamingView(
        application_id=progress.application_id,
        unit_uscc=naming.unit_uscc,
        word=naming.word,
        at=naming.at,
        reason=naming.reason,
    )


def affiliate(assessor: Assessor, today: date) -> AffiliateView:
    sanction = assessor.sanction_on(today)
    until = None if sanction is None else sanction.ban.last_day
    return AffiliateView(uscc=assessor.uscc, name=assessor.name, sanctioned_until=until)
