"""Representations of a case, for each role its part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from chassis.http import View
from messages.review import Outcome, Stage
from messages.values import AssessorRef, Department, Level, Reason, Role, UnitRef, UnitType

from review.domain.act import ActKind, ActState
from review.domain.assessors import SanctionedAffiliate
from review.domain.case import Case, Dossier, InitialReview, Opinion, OpinionDocument, Panel, Score, SiteVisit
from review.domain.draw import RevealedDraw, commitment_of
from review.domain.ranking import Batch
from review.domain.record import READERS, ActorRef, Audience, RecordEntry, verify_chain


class OpinionStatus(View):
    """The state of one department's consultation; its text is for officers."""

    department: Department
    opinion: str | None
    answered_on: date | None


class CaseSummary(View):
    """The part of a case for everybody concerned."""

    case_id: str
    unit: UnitRef
    level: Level
    batch_year: int
    assessor: AssessorRef | None
    state: Stage
    rule_set: str
    opened_on: date
    consultation_due: date
    consultation_provisional: bool
    opinions: tuple[OpinionStatus, ...]
    forwarded_on: date | None
    suspended: bool
    notice_id: str | None
    outcome: Outcome | None
    reasons: tuple[Reason, ...]
    closed_on: date | None
    listed_on: date | None


class SheetStatus(View):
    expert: str
    signed_on: date | None


class CaseDetail(CaseSummary):
    """The summary with the parts that the caller's role works with."""

    dossier: Dossier | None = None
    department_opinions: tuple[Opinion, ...] | None = None
    initial_review: InitialReview | None = None
    opinion_document: OpinionDocument | None = None
    panel: Panel | None = None
    sheets: tuple[SheetStatus, ...] | None = None
    deviating: tuple[str, ...] | None = None
    conflicted: tuple[str, ...] | None = None
    """Experts who declared a conflict after the score was made."""
    possible_conflicts: tuple[str, ...] | None = None
    """Experts on the panel with a name of theirs that only looks like one concerned: to be looked at by a person."""
    score: Score | None = None
    site: SiteVisit | None = None
    rank: int | None = None
    open_objections: int | None = None
    sanctioned_affiliates: tuple[SanctionedAffiliate, ...] | None = None
    """Other assessors of the same legal representative under sanction today: to be looked at closely, no ban (S3)."""


_FILE = frozenset({"dossier"})
_REVIEW = _FILE | {"sanctioned_affiliates"}
_PREFECTURE = _REVIEW | {"department_opinions", "initial_review", "opinion_document"}
_PANEL = _REVIEW | {"panel", "sheets", "deviating", "conflicted", "site"}
_REGION = _PREFECTURE | _PANEL | {"score", "rank", "open_objections", "possible_conflicts"}
PARTS: dict[str, frozenset[str]] = {
    Role.REGIONAL_OFFICER: _REGION,
    Role.REVIEW_ORGANISATION: _REGION - {"open_objections"},
    Role.PREFECTURE_OFFICER: _PREFECTURE,
    Role.CONSULTED_DEPARTMENT: _FILE,
    Role.EXPERT: _PANEL,
    Role.APPLICANT: frozenset({"opinion_document"}),
    Role.ASSESSOR: frozenset(),
}


def summarize(case: Case) -> CaseSummary:
    closing = case.closing
    return CaseSummary(
        case_id=case.case_id,
        unit=case.unit,
        level=case.level,
        batch_year=case.batch_year,
        assessor=case.assessor,
        state=case.state,
        rule_set=case.rule_set,
        opened_on=case.opened_on,
        consultation_due=case.consultation.due,
        consultation_provisional=case.consultation.provisional,
        opinions=tuple(OpinionStatus.model_validate(each) for each in case.consultation.opinions),
        forwarded_on=case.forwarded_on,
        suspended=case.suspended_by is not None,
        notice_id=case.notice_id,
        outcome=closing.outcome if closing else None,
        reasons=closing.reasons if closing else (),
        closed_on=closing.closed_on if closing else None,
        listed_on=case.listed_on,
    )


def detail(
    case: Case, by: ActorRef, affiliates: tuple[SanctionedAffiliate, ...], possible_conflicts: tuple[str, ...] = ()
) -> CaseDetail:
    """Return the summary with the parts that the reader's role may see."""
    parts = {
        "dossier": case.dossier,
        "department_opinions": case.consultation.opinions,
        "initial_review": case.initial_review,
        "opinion_document": case.opinion_document,
        "panel": case.panel,
        "sheets": tuple(SheetStatus.model_validate(each) for each in case.sheets),
        "deviating": case.deviating,
        "conflicted": case.conflicted,
        "possible_conflicts": possible_conflicts,
        "score": case.score,
        "site": case.site,
        "rank": case.rank,
        "open_objections": case.open_objections,
        "sanctioned_affiliates": affiliates,
    }
    visible = {name: part for name, part in parts.items() if name in PARTS[by.role]}
    return CaseDetail(**summarize(case).model_dump(), **visible)


class EntryContent(View):
    """The part of an entry for its audience."""

    at: str
    subject: str
    role: str
    rule: str
    article: str
    rule_set: str
    evidence: dict[str, str]
    reason: str
    salt: str


class EntryView(View):
    """An entry of a record; its seal is made of the fields that everybody sees, the content by its digest."""

    number: int
    day: str
    action: str
    audience: Audience
    content_digest: str
    content: EntryContent | None
    """None for readers who are not of its audience."""
    previous: str
    digest: str


class RecordView(View):
    """The record, and whether its chain is intact (V14)."""

    case_id: str
    intact: bool
    broken_at: int | None
    entries: tuple[EntryView, ...]


def record_view(case: Case, entries: Sequence[RecordEntry], by: ActorRef) -> RecordView:
    """Return the record as the reader's role may see it."""
    broken = verify_chain(entries, case.head)
    return RecordView(
        case_id=case.case_id,
        intact=broken is None,
        broken_at=broken.number if broken else None,
        entries=tuple(entry_view(each, by) for each in entries),
    )


def entry_view(entry: RecordEntry, by: ActorRef) -> EntryView:
    return EntryView(
        number=entry.number,
        day=entry.day,
        action=entry.action,
        audience=entry.audience,
        content_digest=entry.content,
        content=EntryContent.model_validate(entry) if by.role in READERS[entry.audience] else None,
        previous=entry.previous,
        digest=entry.digest,
    )


class SheetView(View):
    expert: str
    values: dict[str, Decimal]
    mandatory_items: dict[str, bool]
    site_visit_wanted: bool
    signed_on: date | None


class NoticeEntry(View):
    """A public notice in the list of all; its units are on its own page."""

    notice_id: str
    level: Level
    batch_year: int
    opened_on: date
    minimum_end: date
    published_end: date
    provisional: bool
    state: str
    concluded_on: date | None
    shown: int
    digest: str


class ActView(View):
    """An act on a whole batch, and how far it has come."""

    act_id: str
    kind: ActKind
    level: Level
    batch_year: int
    begun_on: date
    state: ActState
    decided: bool
    """Whether readers see its result; until then they see everything as before."""
    total: int
    collected: int
    applied: int
    published: int
    suspended: int
    left_out: int
    """Cases that changed before it reached them; a later act takes them in."""
    halted: bool
    reasons: tuple[Reason, ...]
    notice_id: str


class RankingLineView(View):
    """One case of a ranking: the values compared, its place and the outcome."""

    case_id: str
    unit_name: str
    uscc: str
    unit_type: UnitType
    scheme: str
    rule_set: str
    score: Decimal
    energy_carbon: Decimal
    submitted_at: str
    position: int | None
    rank: int | None
    outcome: str
    left_out: str | None


class NoticeLineView(View):
    case_id: str
    unit: UnitRef
    rank: int


class DrawView(View):
    """The seed of lots: its commitment from the beginning, the seed itself once it is revealed."""

    number: int
    commitment: str
    committed_on: date
    seed: str | None
    revealed_on: date | None


def draw_views(batch: Batch, revealed: Sequence[RevealedDraw]) -> list[DrawView]:
    """Return the revealed seeds, then the present one, of which the seed is secret."""
    present = DrawView(
        number=batch.draw,
        commitment=commitment_of(batch.seed),
        committed_on=batch.committed_on,
        seed=None,
        revealed_on=None,
    )
    return [*map(DrawView.model_validate, revealed), present]
