"""What the assessor-quota service says."""

from __future__ import annotations

from datetime import date

from messages.event import Event
from messages.values import AssessorRef, Ban, Identifier, PersonRef, Reason, Text, UnitType, Uscc, Value


class AssessorRegistered(
    Event, type="assessor-quota.assessor.registered.v1", subject="assessor_uscc", sharing="public"
):
    assessor_uscc: Uscc
    name: Text
    representative: PersonRef
    scope: tuple[UnitType, ...]
    registered_on: date


class AssessorSanctioned(
    Event, type="assessor-quota.assessor.sanctioned.v1", subject="assessor_uscc", sharing="public"
):
    """Proven fraud or concealment: no evaluation work in the region for three years (Art. 31)."""

    assessor_uscc: Uscc
    name: Text
    ban: Ban
    document_number: Text
    reasons: tuple[Reason, ...]


class SanctionRevoked(
    Event, type="assessor-quota.assessor.sanction-revoked.v1", subject="assessor_uscc", sharing="public"
):
    assessor_uscc: Uscc
    name: Text
    revoked_on: date
    document_number: Text
    ban: Ban | None = None
    """What still holds by another decision; none when the assessor may work again."""


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


class QuotaItemReserved(Item, Event, type="assessor-quota.item.reserved.v1", subject="application_id"):
    representative: PersonRef
    used: int
    """Items of the legal representative in the year, this one included."""
    limit: int


class QuotaItemRefused(Item, Event, type="assessor-quota.item.refused.v1", subject="application_id"):
    reasons: tuple[Reason, ...]
    items_in_use: tuple[ItemInUse, ...]


class QuotaItemConfirmed(Item, Event, type="assessor-quota.item.confirmed.v1", subject="application_id"):
    """Initial review accepted the application: the item stays used whatever the outcome (Q5)."""


class QuotaItemReleased(Item, Event, type="assessor-quota.item.released.v1", subject="application_id"):
    """The application was withdrawn or refused before initial review accepted it (Q5)."""
