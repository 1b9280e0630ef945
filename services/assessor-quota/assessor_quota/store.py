"""Collections: assessors by USCC, items and progress by application, ledgers, duties and rates by holder and year."""

from __future__ import annotations

from chassis.anchoring import AGGREGATE, ANCHOR_APPEND_ONLY, ANCHOR_INDEXES, AnchoredStore
from chassis.persistence import DocumentCollection, Index, UnitOfWork
from messages.values import PersonRef, RecordedCode

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import RegisterEntry
from assessor_quota.domain.item import ItemState, QuotaItem
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.rates import RateTotal, YearlyRate
from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.sanction import SanctionDecision
from assessor_quota.domain.statements import DutyCursor, Statement, StatementDuty

AGGREGATES = {
    "assessor": "assessors",
    "item": "items",
    "naming": "progress",
    "statement": "statements",
    "duty": "duties",
    "rate": "rates",
    **AGGREGATE,
}
"""Aggregate of an event type → collection."""

INDEXES = (
    *ANCHOR_INDEXES,
    Index("assessors", (("representative.digest", 1), ("_id", 1))),
    Index("assessors", (("former.person.digest", 1), ("_id", 1))),
    Index("assessors", (("uscc", 1), ("_id", 1))),
    Index("assessors", (("name_key", 1), ("_id", 1))),
    Index("assessors", (("scope", 1), ("_id", 1))),
    Index("assessors", (("prefectures", 1), ("_id", 1))),
    Index("assessors", (("sanctioned_until", 1), ("_id", 1))),
    Index("entries", (("uscc", 1), ("number", 1), ("_id", 1))),
    Index("sanctions", (("last_day", 1), ("_id", 1))),
    Index("sanctions", (("prefectures", 1), ("last_day", 1), ("_id", 1))),
    Index("sanctions", (("assessor.uscc", 1), ("last_day", 1), ("_id", 1))),
    Index("items", (("ledgers", 1), ("state", 1), ("_id", 1))),
    Index("items", (("assessor.uscc", 1), ("state", 1), ("year", 1), ("_id", 1))),
    Index("items", (("unit.prefecture", 1), ("state", 1), ("year", 1), ("_id", 1))),
    Index("items", (("state", 1), ("year", 1), ("_id", 1))),
    Index("items", (("reserved_at", 1), ("_id", 1)), partial={"state": ItemState.RESERVED.value}),
    Index("items", (("refused_as", 1), ("year", 1), ("state", 1)), partial={"refused_as": {"$gt": ""}}),
    Index("items", (("next_on", 1), ("_id", 1)), partial={"state": ItemState.AWAITING.value}),
    Index("progress", (("words.assessor_uscc", 1), ("_id", 1)), partial={"words.assessor_uscc": {"$gt": ""}}),
    Index("ledgers", (("year", 1), ("used", 1))),
    Index("progress", (("uncounted", 1), ("_id", 1)), partial={"uncounted": True}),
    Index("duties", (("state", 1), ("due", 1), ("_id", 1))),
    Index("duties", (("state", 1), ("year", 1), ("_id", 1))),
    Index("duties", (("prefectures", 1), ("state", 1), ("year", 1), ("_id", 1))),
    Index("duties", (("assessor.uscc", 1), ("state", 1), ("year", 1), ("_id", 1))),
    Index("rates", (("found_by", 1), ("_id", 1))),
    Index("rates", (("year", 1), ("found_by", 1), ("_id", 1))),
    Index("rate_totals", (("prefecture", 1), ("unit_type", 1), ("year", 1), ("_id", 1))),
    Index("rates", (("pending", 1), ("due_on", 1), ("_id", 1)), partial={"pending": True}),
)
"""Each ends in what its query sorts by, so that a page is read in its order and nothing is sorted in memory."""

APPEND_ONLY = ("entries", *ANCHOR_APPEND_ONLY)
"""Collections that the service's user in the database can add to, and neither change nor empty."""


class Store(AnchoredStore):
    """``_id`` of an item is the application's identifier: one item for one application, for ever (Q2)."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self.assessors = DocumentCollection(unit, "assessors", Assessor)
        self.entries = DocumentCollection(unit, "entries", RegisterEntry)
        self.sanctions = DocumentCollection(unit, "sanctions", SanctionDecision)
        self.persons = DocumentCollection(unit, "persons", PersonRef)
        self.items = DocumentCollection(unit, "items", QuotaItem)
        self.ledgers = DocumentCollection(unit, "ledgers", Ledger)
        self.progress = DocumentCollection(unit, "progress", ApplicationProgress)
        self.rates = DocumentCollection(unit, "rates", YearlyRate)
        self.rate_totals = DocumentCollection(unit, "rate_totals", RateTotal)
        self.duties = DocumentCollection(unit, "duties", StatementDuty)
        self.statements = DocumentCollection(unit, "statements", Statement)
        self.duty_cursors = DocumentCollection(unit, "duty_cursors", DutyCursor)
        self.reconciliations = DocumentCollection(unit, "reconciliations", Reconciliation)
        self.codes = DocumentCollection(unit, "codes", RecordedCode)
