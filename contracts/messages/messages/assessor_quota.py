"""Events of the assessor-quota service."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from messages.duties import DutyMetFacts, DutyOpenedFacts, DutyOverdueFacts
from messages.event import FOR_CONCERNED, Event
from messages.records import RecordHeads
from messages.values import (
    AssessorRef,
    Ban,
    Identifier,
    Number,
    PersonRef,
    Reason,
    Text,
    UnitRef,
    UnitType,
    Uscc,
    Value,
)


class AssessorRegistered(
    Event, type="assessor-quota.assessor.registered.v1", subject="assessor_uscc", sharing="public"
):
    assessor_uscc: Uscc
    name: Text
    representative: Annotated[PersonRef, FOR_CONCERNED]
    scope: tuple[UnitType, ...]
    registered_on: date


class AssessorAmended(Event, type="assessor-quota.assessor.amended.v1", subject="assessor_uscc", sharing="public"):
    """The register shows another name or scope from this day on; the code stays (S7)."""

    assessor_uscc: Uscc
    name: Text
    scope: tuple[UnitType, ...]
    amended_on: date


class CarriedItems(Value):
    """The items of one year that count towards the new representative as well (Q4)."""

    year: int
    items: int
    """Items of the assessor that were carried."""
    used: int
    """Items then in use of the new representative; may exceed the limit."""


class LegalRepresentativeChanged(
    Event, type="assessor-quota.assessor.representative-changed.v1", subject="assessor_uscc"
):
    assessor_uscc: Uscc
    name: Text
    former: PersonRef
    representative: PersonRef
    changed_on: date
    document_number: Text
    carried: tuple[CarriedItems, ...]


class AssessorSanctioned(
    Event, type="assessor-quota.assessor.sanctioned.v1", subject="assessor_uscc", sharing="public"
):
    """Proven fraud or concealment: no evaluation work in the region for three years (Art. 31)."""

    assessor_uscc: Uscc
    name: Text
    ban: Ban
    document_number: Text
    reasons: tuple[Reason, ...]
    affiliates: Annotated[tuple[AssessorRef, ...], FOR_CONCERNED] = ()
    """The other assessors of the same legal representative that day: flagged to reviewers, not banned (S3)."""


class SanctionRevoked(
    Event, type="assessor-quota.assessor.sanction-revoked.v1", subject="assessor_uscc", sharing="public"
):
    assessor_uscc: Uscc
    name: Text
    revoked_on: date
    document_number: Text
    ban: Ban | None = None
    """The ban that still holds by another decision; none when the assessor may work again."""
    decision: Text | None = None
    """Document number of the decision revoked."""


class Item(Value):
    """One item of the yearly quota (Art. 32): exactly one application."""

    application_id: Identifier
    assessor: AssessorRef
    year: int
    """The batch year of the application (Q3)."""
    rule_set: str | None = None
    """Version of the rule set it was decided under (G3)."""


class ItemInUse(Value):
    """One of the items that fill the quota, shown when the next one is refused (Q1)."""

    application_id: Identifier
    assessor: AssessorRef
    unit_name: Text
    unit_type: UnitType


class Answer(Item):
    """The answer to a submission that asked for an item."""

    submission: int
    """Which submission of the application it answers: one that was returned since takes no late answer (Q1, A6)."""


class QuotaItemReserved(Answer, Event, type="assessor-quota.item.reserved.v1", subject="application_id"):
    representative: PersonRef
    used: int
    """Items of the legal representative in the year, this one included."""
    limit: int


class QuotaItemRefused(Answer, Event, type="assessor-quota.item.refused.v1", subject="application_id"):
    reasons: tuple[Reason, ...]
    items_in_use: tuple[ItemInUse, ...]


class QuotaItemConfirmed(Item, Event, type="assessor-quota.item.confirmed.v1", subject="application_id"):
    """Initial review accepted the application: the item stays used whatever the outcome (Q5)."""


class QuotaItemReleased(Item, Event, type="assessor-quota.item.released.v1", subject="application_id"):
    """The application was withdrawn or refused before initial review accepted it (Q5)."""


class NamingRequested(Answer, Event, type="assessor-quota.item.naming-requested.v1", subject="application_id"):
    """The application names the assessor, and waits until that has confirmed it: no item is taken before (Q5)."""

    unit: UnitRef
    answer_by: date
    """Last day; without a word by then the application is returned."""


class NamingReminded(Answer, Event, type="assessor-quota.item.naming-reminded.v1", subject="application_id"):
    """Reminds the assessor, once before the last day, of an application that waits for its word (Q5)."""

    unit: UnitRef
    answer_by: date


class NamingConfirmed(Event, type="assessor-quota.naming.confirmed.v1", subject="application_id"):
    """The assessor evaluates the application, as it says itself; perhaps before the submission (Q5)."""

    application_id: Identifier
    assessor: AssessorRef
    unit_uscc: Uscc
    confirmed_on: date


class NamingDenied(Event, type="assessor-quota.naming.denied.v1", subject="application_id"):
    """The assessor was named falsely: the application gets no item, and gives back the one that it has (Q5)."""

    application_id: Identifier
    assessor: AssessorRef
    unit: UnitRef
    submission: int
    """Which submission of the application it ends: a later one has an answer of its own (A6)."""
    denied_on: date
    reasons: tuple[Reason, ...]


class StatementFiled(Event, type="assessor-quota.statement.filed.v1", subject="statement_id"):
    """The annual statement of an assessor about its work of a year (Art. 30, S5)."""

    statement_id: Identifier
    """``<uscc>:<year>``"""
    assessor: AssessorRef
    year: int
    """The year it is about."""
    filed_on: date
    late: bool


class SuccessRateComputed(Event, type="assessor-quota.rate.computed.v1", subject="rate_id"):
    """Listed ÷ concluded of an assessor's applications of a batch year (S6)."""

    rate_id: Identifier
    """``<uscc>:<year>``"""
    assessor: AssessorRef
    year: int
    listed: int
    concluded: int
    rate: Number | None
    """Percent; none when nothing is concluded, which is not 0 %."""
    computed_on: date


class DutyOpened(DutyOpenedFacts, Event, type="assessor-quota.duty.opened.v1", subject="duty_id"):
    """The annual statement by 30 April for the year before (Art. 30, S5)."""

    kind: Literal["assessor_statement"]


class DutyMet(DutyMetFacts, Event, type="assessor-quota.duty.met.v1", subject="duty_id"):
    kind: Literal["assessor_statement"]


class DutyOverdue(DutyOverdueFacts, Event, type="assessor-quota.duty.overdue.v1", subject="duty_id"):
    kind: Literal["assessor_statement"]


class AssessorRecordHeadsPublished(
    RecordHeads, Event, type="assessor-quota.record.heads-published.v1", subject="service", sharing="internal"
):
    """The heads of this service's records are anchored; another service keeps the digest (V14)."""
