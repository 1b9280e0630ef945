"""Where review keeps what: its collections, and the indexes that its own questions need."""

from __future__ import annotations

from chassis.persistence.collections import Documents, Index
from chassis.persistence.unit_of_work import Unit

from review.domain.assessors import AssessorStanding
from review.domain.case import Case
from review.domain.expert import Expert
from review.domain.notice import Notice, Objection
from review.domain.opinion import DocumentNumber
from review.domain.ranking import Batch, BatchRanking
from review.domain.record import Entry
from review.domain.standing import Standing

AGGREGATES = {"case": "cases", "notice": "notices"}

INDEXES = (
    Index("cases", (("level", 1), ("batch_year", 1), ("state", 1))),
    Index("cases", (("unit.prefecture", 1), ("state", 1))),
    Index("cases", (("unit.uscc", 1),)),
    Index("cases", (("assessor.uscc", 1),)),
    Index("cases", (("panel.experts", 1),)),
    Index("cases", (("consultation.unanswered", 1), ("consultation.remind_on", 1))),
    Index("assessors", (("representative", 1),)),
    Index("assessors", (("sisters", 1),)),
    Index("records", (("case_id", 1), ("number", 1)), unique=True),
    Index("notices", (("state", 1), ("published_end", 1))),
    Index("objections", (("notice_id", 1),)),
    Index("rankings", (("batch", 1), ("number", 1)), unique=True),
)


class Store:
    """The collections of review on one unit of work."""

    def __init__(self, unit: Unit) -> None:
        self.cases = Documents(unit, "cases", Case)
        self.records = Documents(unit, "records", Entry)
        self.standings = Documents(unit, "standings", Standing)
        self.assessors = Documents(unit, "assessors", AssessorStanding)
        self.document_numbers = Documents(unit, "document_numbers", DocumentNumber)
        self.experts = Documents(unit, "experts", Expert)
        self.batches = Documents(unit, "batches", Batch)
        self.rankings = Documents(unit, "rankings", BatchRanking)
        self.notices = Documents(unit, "notices", Notice)
        self.objections = Documents(unit, "objections", Objection)
