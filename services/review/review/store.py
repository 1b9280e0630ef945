"""The collections of review, and the indexes that its queries need."""

from __future__ import annotations

from chassis.anchoring import AGGREGATE, ANCHOR_APPEND_ONLY, ANCHOR_INDEXES, AnchoredStore
from chassis.persistence import DocumentCollection, Index, UnitOfWork
from messages.values import RecordedCode

from review.domain.act import Act
from review.domain.application_status import ApplicationStatus
from review.domain.assessors import AssessorStatus
from review.domain.case import Case
from review.domain.draw import RevealedDraw
from review.domain.expert import Expert
from review.domain.group import RankingLine
from review.domain.notice import PublicNotice
from review.domain.notice_list import LINE_ORDER, NoticeLine
from review.domain.objection import Objection, OpenObjection
from review.domain.opinion import DocumentNumber
from review.domain.ranking import Batch, BatchRanking, WaitingCase
from review.domain.record import RecordEntry
from review.domain.unit_status import UnitStatus

AGGREGATES = {"batch": "batches", "case": "cases", "notice": "notices", **AGGREGATE}

_UNANSWERED = (("consultation.unanswered", 1), ("state", 1))

_SELECTED = (("state", 1), ("batch_year", 1), ("unit.unit_type", 1), ("level", 1))
"""The fields that a list of cases may select by."""

INDEXES = (
    *ANCHOR_INDEXES,
    Index("cases", (("level", 1), ("batch_year", 1), ("state", 1), ("_id", 1))),
    Index("cases", (("level", 1), ("batch_year", 1), ("rule_set", 1), ("_id", 1))),
    # The order of ids before the fields that only select: a page is neither sorted nor read in vain.
    Index("cases", (("before.act", 1), ("before.state", 1), ("_id", 1))),
    Index("cases", (("unit.prefecture", 1), ("_id", 1), *_SELECTED)),
    Index("cases", (("batch_year", 1), ("_id", 1), ("state", 1), ("unit.unit_type", 1), ("level", 1))),
    Index("cases", (("state", 1), ("_id", 1), ("before.act", 1), ("batch_year", 1), ("unit.unit_type", 1))),
    Index("cases", (("state", 1), ("opened_on", 1), ("_id", 1))),
    Index("cases", (("unit.uscc", 1), ("_id", 1), ("state", 1))),
    Index("cases", (("assessor.uscc", 1), ("_id", 1), ("state", 1), ("suspended_by", 1))),
    Index("cases", (("panel.experts", 1), ("_id", 1))),
    Index("cases", (("participants.key", 1), ("batch_year", 1), ("level", 1))),
    Index(
        "cases",
        (*_UNANSWERED, ("consultation.remind_on", 1), ("_id", 1)),
        partial={"consultation.reminded_on": None},
    ),
    Index("cases", (*_UNANSWERED, ("consultation.due", 1), ("_id", 1), ("consultation.reminded_on", 1))),
    Index("cases", (("level", 1), ("rule_set", 1), ("state", 1), ("batch_year", 1), ("_id", 1))),
    Index("assessors", (("settling.due", 1), ("_id", 1))),
    Index("unit_statuses", (("settling.due", 1), ("_id", 1))),
    Index("assessors", (("representative", 1),)),
    Index("assessors", (("affiliates", 1),)),
    Index("records", (("case_id", 1), ("number", 1)), unique=True),
    Index("notices", (("state", 1), ("published_end", 1), ("_id", 1))),
    Index("objections", (("notice_id", 1), ("_id", 1))),
    Index("objections", (("notice_id", 1), ("state", 1), ("_id", 1))),
    Index("objections", (("notice_id", 1), ("overdue_on", 1), ("_id", 1))),
    Index("objections", (("case_id", 1), ("lodged_on", 1), ("_id", 1))),
    Index("objections", (("state", 1), ("overdue_on", 1), ("due", 1), ("_id", 1))),
    Index("revealed_draws", (("batch", 1), ("number", 1), ("_id", 1))),
    Index("acts", (("state", 1),)),
    Index("rankings", (("batch", 1), ("number", 1)), unique=True),
    Index("rankings", (("batch", 1), ("number", 1), ("_id", 1))),
    Index("ranking_lines", (("act", 1), ("position", 1), ("_id", 1))),
    Index("waiting_cases", (("batch", 1), ("case_id", 1))),
    Index("notice_lines", (("notice_id", 1), *LINE_ORDER, ("_id", 1))),
)

APPEND_ONLY = ("records", "rankings", *ANCHOR_APPEND_ONLY)
"""Collections that the service's user in the database can add to, and neither change nor empty."""


class Store(AnchoredStore):
    """The collections of review on one unit of work."""

    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(unit)
        self.cases = DocumentCollection(unit, "cases", Case)
        self.records = DocumentCollection(unit, "records", RecordEntry)
        self.application_statuses = DocumentCollection(unit, "application_statuses", ApplicationStatus)
        self.unit_statuses = DocumentCollection(unit, "unit_statuses", UnitStatus)
        self.assessors = DocumentCollection(unit, "assessors", AssessorStatus)
        self.document_numbers = DocumentCollection(unit, "document_numbers", DocumentNumber)
        self.experts = DocumentCollection(unit, "experts", Expert)
        self.batches = DocumentCollection(unit, "batches", Batch)
        self.revealed_draws = DocumentCollection(unit, "revealed_draws", RevealedDraw)
        self.acts = DocumentCollection(unit, "acts", Act)
        self.rankings = DocumentCollection(unit, "rankings", BatchRanking)
        self.ranking_lines = DocumentCollection(unit, "ranking_lines", RankingLine)
        self.waiting_cases = DocumentCollection(unit, "waiting_cases", WaitingCase)
        self.notices = DocumentCollection(unit, "notices", PublicNotice)
        self.notice_lines = DocumentCollection(unit, "notice_lines", NoticeLine)
        self.objections = DocumentCollection(unit, "objections", Objection)
        self.open_objections = DocumentCollection(unit, "open_objections", OpenObjection)
        self.codes = DocumentCollection(unit, "codes", RecordedCode)
