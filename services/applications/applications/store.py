"""The collections: applications with their versions, each organisation's standing, facts, files, and assessors."""

from __future__ import annotations

from chassis.anchoring import AGGREGATE, ANCHOR_APPEND_ONLY, ANCHOR_INDEXES, AnchoredStore
from chassis.handling import PendingUpload
from chassis.persistence import FILE_INDEXES, DocumentCollection, Index, UnitOfWork
from messages.values import RecordedCode

from applications.domain.application import Application, Version
from applications.domain.assessors import KnownAssessor
from applications.domain.facts import Fact
from applications.domain.files import FileUsage, SentFile, StoredContent
from applications.domain.organisation_status import OrganisationStatus
from applications.domain.records import PrefectureList

AGGREGATES = {"application": "applications", "unit": "standings", "code": "codes", **AGGREGATE}
"""Aggregate of an event type → collection."""

_FILTERS = (("state", 1), ("batch_year", 1), ("unit.unit_type", 1), ("level", 1))
"""The filters of the list, behind its order: what does not match is passed over in the index, unread."""

INDEXES = (
    *ANCHOR_INDEXES,
    Index("applications", (("submitted_once", 1), ("_id", 1), *_FILTERS)),
    Index("applications", (("unit.prefecture", 1), ("_id", 1), ("submitted_once", 1), *_FILTERS)),
    Index("applications", (("evaluation.assessor.uscc", 1), ("_id", 1), ("submitted_once", 1), *_FILTERS)),
    Index("applications", (("unit.uscc", 1), ("_id", 1))),
    Index("applications", (("shapes", 1), ("_id", 1))),
    Index("applications", (("report.evidence.sha256", 1), ("_id", 1), ("state", 1))),
    Index("applications", (("state", 1), ("unit.prefecture", 1), ("_id", 1), ("batch_year", 1))),
    Index("versions", (("application.application_id", 1), ("number", 1), ("_id", 1))),
    Index("facts", (("uscc", 1), ("_id", 1))),
    Index("facts", (("prefecture", 1), ("_id", 1))),
    Index("facts", (("recorded_by", 1), ("_id", 1))),
    Index("files", (("sha256", 1), ("_id", 1))),
    Index("prefecture_lists", (("prefecture", 1), ("_id", 1))),
    *FILE_INDEXES,
)

APPEND_ONLY = ("versions", "prefecture_lists", *ANCHOR_APPEND_ONLY)
"""Collections that the service's user in the database can add to, and neither change nor empty."""


class Store(AnchoredStore):
    """``standings`` and ``assessors`` are by USCC, ``files`` by SHA-256 and sender, ``contents`` by SHA-256.

    ``file_usage`` is by organisation, ``uploads`` by the id under which the chassis stores bytes.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self.applications = DocumentCollection(unit, "applications", Application)
        self.versions = DocumentCollection(unit, "versions", Version)
        self.standings = DocumentCollection(unit, "standings", OrganisationStatus)
        self.facts = DocumentCollection(unit, "facts", Fact)
        self.assessors = DocumentCollection(unit, "assessors", KnownAssessor)
        self.files = DocumentCollection(unit, "files", SentFile)
        self.contents = DocumentCollection(unit, "contents", StoredContent)
        self.file_usage = DocumentCollection(unit, "file_usage", FileUsage)
        self.uploads = DocumentCollection(unit, "uploads", PendingUpload)
        self.codes = DocumentCollection(unit, "codes", RecordedCode)
        self.prefecture_lists = DocumentCollection(unit, "prefecture_lists", PrefectureList)
