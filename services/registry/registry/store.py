"""The collections of the registry, and the indexes its queries need."""

from __future__ import annotations

from chassis.anchoring import AGGREGATE, ANCHOR_APPEND_ONLY, ANCHOR_INDEXES, AnchoredStore
from chassis.persistence import DocumentCollection, Index, UnitOfWork
from messages.values import RecordedCode

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord
from registry.domain.chain import ChainHead
from registry.domain.clearances import Clearance
from registry.domain.lines import HeldBackLine, PrintedLine
from registry.domain.list_acts import ListAct
from registry.domain.listings import Listing
from registry.domain.lists import AnnualList
from registry.domain.locations import Location
from registry.domain.notices import ConcludedNotice, Showing
from registry.domain.reconciliation import Reconciliation
from registry.domain.register import RegisteredUnit
from registry.domain.removals import Removal

AGGREGATES = {"list": "lists", "unit": "units", **AGGREGATE}


def _ordered(collection: str, *paths: str) -> Index:
    """Return an index for queries by these paths ("-path": the latest first), ids last: nothing is sorted in memory."""
    return Index(collection, (*((path.removeprefix("-"), -1 if path[0] == "-" else 1) for path in paths), ("_id", 1)))


INDEXES = (
    *ANCHOR_INDEXES,
    Index(
        "lists",
        (("level", 1), ("announcement.number", 1)),
        unique=True,
        partial={"announcement.number": {"$exists": True}},
    ),
    _ordered("lists", "level", "year"),
    _ordered("lists", "level", "announcement.number"),
    _ordered("lists", "level", "-announcement.number"),
    _ordered("lists", "level", "year", "-announcement.number"),
    _ordered("lists", "level", "announcement.document_number"),
    _ordered("lists", "level", "-announcement.announced_on", "-announcement.number"),
    _ordered("list_lines", "edition", "number"),
    _ordered("list_lines", "edition", "change.source"),
    _ordered("held_back_lines", "act_id", "number"),
    _ordered("list_acts", "level", "year"),
    _ordered("clearances", "level", "year", "state", "place"),
    _ordered("clearances", "level", "year", "unit.uscc"),
    _ordered("clearances", "level", "year"),
    _ordered("clearances", "edition", "state"),
    _ordered("clearances", "notice_id"),
    _ordered("removals", "year", "state", "place"),
    _ordered("removals", "year", "unit.uscc"),
    _ordered("removals", "-decided_on"),
    _ordered("removals", "year", "-decided_on"),
    _ordered("listings", "unit_key", "shown_until"),
    _ordered("listings", "uscc", "shown_until"),
    _ordered("listings", "uscc", "list_number"),
    # What is shown now, by any combination of filters; what was shown on a past day, its titles' ends among the keys.
    Index(
        "listings",
        (("facets", 1), ("shown_until", 1), ("list_number", 1), ("_id", 1), ("ended_number", 1)),
    ),
    Index(
        "listings",
        (("facets", 1), ("list_number", 1), ("_id", 1), ("shown_until", 1), ("ended_number", 1)),
    ),
    Index("listings", (("list_number", 1), ("_id", 1)), partial={"struck": True}),
    Index("listings", (("assessor.uscc", 1), ("decisions_applied", 1), ("_id", 1), ("list_number", 1))),
    _ordered("listings", "assessor.uscc", "list_number"),
    _ordered("assessors", "settling.due"),
    _ordered("units", "uscc"),
)


APPEND_ONLY = ANCHOR_APPEND_ONLY
"""Collections that the service's user in the database can add to, and neither change nor empty."""


class Store(AnchoredStore):
    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self.lists = DocumentCollection(unit, "lists", AnnualList)
        self.list_lines = DocumentCollection(unit, "list_lines", PrintedLine)
        self.held_back_lines = DocumentCollection(unit, "held_back_lines", HeldBackLine)
        self.list_acts = DocumentCollection(unit, "list_acts", ListAct)
        self.chain_heads = DocumentCollection(unit, "chain_heads", ChainHead)
        self.clearances = DocumentCollection(unit, "clearances", Clearance)
        self.showings = DocumentCollection(unit, "showings", Showing)
        self.notices = DocumentCollection(unit, "notices", ConcludedNotice)
        self.reconciliations = DocumentCollection(unit, "reconciliations", Reconciliation)
        self.removals = DocumentCollection(unit, "removals", Removal)
        self.units = DocumentCollection(unit, "units", RegisteredUnit)
        self.listings = DocumentCollection(unit, "listings", Listing)
        self.locations = DocumentCollection(unit, "locations", Location)
        self.ban_records = DocumentCollection(unit, "ban_records", BanRecord)
        self.assessors = DocumentCollection(unit, "assessors", AssessorStatus)
        self.codes = DocumentCollection(unit, "codes", RecordedCode)
