"""Collections: assessors by USCC, items and progress by application, ledgers, duties and rates by holder and year."""

from __future__ import annotations

from chassis.persistence import DocumentCollection, Index, UnitOfWork
from messages.values import PersonRef

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import RegisterEntry
from assessor_quota.domain.item import ItemState, QuotaItem
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.rates import YearlyRate
from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.sanction import SanctionDecision
from assessor_quota.domain.statements import DutyCursor, Statement, StatementDuty

AGGREGATES = {
    "assessor": "assessors",
    "item": "items",
    "statement": "statements",
    "duty": "duties",
    "rate": "rates",
}
"""Aggregate of an event type → collection."""

INDEXES = (
    Index("assessors", (("representative.digest", 1),)),
    Index("assessors", (("former.person.digest", 1),)),
    Index("assessors", (("prefectures", 1),)),
    Index("entries", (("uscc", 1), ("number", 1)), unique=True),
    Index("sanctions", (("sanction.ban.last_day", 1),)),
    Index("sanctions", (("assessor.uscc", 1),)),
    Index("items", (("ledgers", 1), ("state", 1))),
    Index("items", (("assessor.uscc", 1), ("year", 1))),
    Index("items", (("state", 1), ("year", 1))),
    Index("items", (("reserved_at", 1),), partial={"state": ItemState.RESERVED.value}),
    Index("ledgers", (("year", 1),)),
    Index("progress", (("submission.year", 1), ("submission.assessor.uscc", 1))),
    Index("duties", (("state", 1), ("due", 1))),
    Index("duties", (("year", 1),)),
    Index("rates", (("pending", 1), ("due_on", 1))),
)


class Store:
    """``_id`` of an item is the application's identifier: one item for one application, for ever (Q2)."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.assessors = DocumentCollection(unit, "assessors", Assessor)
        self.entries = DocumentCollection(unit, "entries", RegisterEntry)
        self.sanctions = DocumentCollection(unit, "sanctions", SanctionDecision)
        self.persons = DocumentCollection(unit, "persons", PersonRef)
        self.items = DocumentCollection(unit, "items", QuotaItem)
        self.ledgers = DocumentCollection(unit, "ledgers", Ledger)
        self.progress = DocumentCollection(unit, "progress", ApplicationProgress)
        self.rates = DocumentCollection(unit, "rates", YearlyRate)
        self.duties = DocumentCollection(unit, "duties", StatementDuty)
        self.statements = DocumentCollection(unit, "statements", Statement)
        self.duty_cursors = DocumentCollection(unit, "duty_cursors", DutyCursor)
        self.reconciliations = DocumentCollection(unit, "reconciliations", Reconciliation)
