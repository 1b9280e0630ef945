"""What is kept: assessors by USCC, items by application, ledgers by representative and year."""

from __future__ import annotations

from chassis.store import Documents, Index
from chassis.unit import Unit

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import Item
from assessor_quota.domain.ledger import Ledger

AGGREGATES = {"assessor": "assessors", "item": "items"}
"""Aggregate of an event type → collection."""

INDEXES = (
    Index("assessors", (("representative.digest", 1),)),
    Index("items", (("ledgers", 1), ("state", 1))),
    Index("items", (("assessor.uscc", 1), ("year", 1))),
)


class Store:
    """``_id`` of an item is the application's identifier: one item for one application, for ever (Q2)."""

    def __init__(self, unit: Unit) -> None:
        self.assessors = Documents(unit, "assessors", Assessor)
        self.items = Documents(unit, "items", Item)
        self.ledgers = Documents(unit, "ledgers", Ledger)
