"""The collections of the registry, and the indexes its queries need."""

from __future__ import annotations

from chassis.persistence import DocumentCollection, Index, UnitOfWork

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord
from registry.domain.chain import ChainHead
from registry.domain.clearances import Clearance
from registry.domain.lists import AnnualList
from registry.domain.register import Listing, RegisteredUnit
from registry.domain.removals import Removal

AGGREGATES = {"list": "lists", "unit": "units"}

# Without the state: a scan that yields to another commit misses a document that moves behind it in the index.
INDEXES = (
    Index(
        "lists",
        (("level", 1), ("announcement.number", 1)),
        unique=True,
        partial={"announcement.number": {"$exists": True}},
    ),
    Index("lists", (("level", 1), ("year", 1))),
    Index("clearances", (("level", 1), ("year", 1))),
    Index("clearances", (("list_id", 1),)),
    Index("removals", (("year", 1),)),
    Index("listings", (("unit_key", 1), ("shown_until", 1))),
    Index("listings", (("uscc", 1), ("shown_until", 1))),
    Index("listings", (("prefecture", 1), ("_id", 1))),
    Index("listings", (("assessor.uscc", 1), ("_id", 1))),
    Index("listings", (("flagged", 1), ("_id", 1))),
    Index("assessors", (("flags_pending", 1),)),
    Index("listings", (("level", 1), ("unit_type", 1), ("_id", 1))),
)


class Store:
    def __init__(self, unit: UnitOfWork) -> None:
        self.lists = DocumentCollection(unit, "lists", AnnualList)
        self.chain_heads = DocumentCollection(unit, "chain_heads", ChainHead)
        self.clearances = DocumentCollection(unit, "clearances", Clearance)
        self.removals = DocumentCollection(unit, "removals", Removal)
        self.units = DocumentCollection(unit, "units", RegisteredUnit)
        self.listings = DocumentCollection(unit, "listings", Listing)
        self.ban_records = DocumentCollection(unit, "ban_records", BanRecord)
        self.assessors = DocumentCollection(unit, "assessors", AssessorStatus)
