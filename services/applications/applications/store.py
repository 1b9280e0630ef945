"""The collections: applications with their versions, each organisation's standing, facts, files, and assessors."""

from __future__ import annotations

from chassis.persistence import DocumentCollection, Index, UnitOfWork

from applications.domain.application import Application, Version
from applications.domain.assessors import KnownAssessor
from applications.domain.facts import Fact
from applications.domain.files import StoredFile
from applications.domain.organisation_status import OrganisationStatus
from applications.domain.records import PrefectureList

AGGREGATES = {"application": "applications"}
"""Aggregate of an event type → collection."""

INDEXES = (
    Index("applications", (("unit.uscc", 1),)),
    Index("applications", (("unit.prefecture", 1), ("state", 1))),
    Index("applications", (("batch_year", 1), ("unit.unit_type", 1), ("state", 1))),
    Index("applications", (("evaluation.assessor.uscc", 1),)),
    Index("applications", (("report.evidence.sha256", 1),)),
    Index("versions", (("application.application_id", 1), ("number", 1)), unique=True),
    Index("facts", (("uscc", 1),)),
    Index("prefecture_lists", (("prefecture", 1),)),
)


class Store:
    """``standings`` is by USCC, ``files`` by SHA-256, ``assessors`` by USCC."""

    def __init__(self, unit: UnitOfWork) -> None:
        self.applications = DocumentCollection(unit, "applications", Application)
        self.versions = DocumentCollection(unit, "versions", Version)
        self.standings = DocumentCollection(unit, "standings", OrganisationStatus)
        self.facts = DocumentCollection(unit, "facts", Fact)
        self.assessors = DocumentCollection(unit, "assessors", KnownAssessor)
        self.files = DocumentCollection(unit, "files", StoredFile)
        self.prefecture_lists = DocumentCollection(unit, "prefecture_lists", PrefectureList)
