"""The case and its stages: the application as accepted, and the results of each stage of its review."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypedDict

from messages.digests import canonical_digest
from messages.review import Outcome, Stage
from messages.values import (
    AssessorRef,
    Department,
    Evaluation,
    FileRef,
    IndicatorValue,
    Level,
    MandatoryItemAnswer,
    Reason,
    SchemeRef,
    UnitRef,
)

from review.domain.participants import Participant
from review.domain.record_head import NO_ENTRY, RecordHead


class StageGroup(StrEnum):
    """The groups that a stage may belong to; what may happen to a case depends on them."""

    UNFORWARDED = "unforwarded"
    """With the prefecture department."""
    ANSWERABLE = "answerable"
    """The consulted departments can still answer, until the opinion document is issued."""
    UNDER_REVIEW = "under review"
    """With the region, not ready for the ranking."""
    OPEN_SEATS = "open seats"
    """The panel judges: a seat can pass to another expert."""
    RANKABLE = "rankable"
    JUDGED = "judged"
    """The panel's score is made and the case is still open."""
    ENDED = "ended"


@dataclass(frozen=True)
class StageDefinition:
    stage: Stage
    text: str
    """The stage as a refusal names it."""
    groups: frozenset[StageGroup]


def _define(stage: Stage, text: str, *groups: StageGroup) -> StageDefinition:
    return StageDefinition(stage, text, frozenset(groups))


_G = StageGroup
STAGES = (
    _define(Stage.CONSULTING, "初审和征求意见阶段", _G.UNFORWARDED, _G.ANSWERABLE),
    _define(Stage.INITIAL_REVIEW_ACCEPTED, "初审通过、待出具审核意见", _G.UNFORWARDED, _G.ANSWERABLE),
    _define(Stage.OPINION_ISSUED, "已出具审核意见、待上报", _G.UNFORWARDED),
    _define(Stage.FORWARDED, "已上报、待组成评审组", _G.UNDER_REVIEW),
    _define(Stage.PANEL_APPOINTED, "评审组已组成", _G.UNDER_REVIEW, _G.OPEN_SEATS),
    _define(Stage.SCORING, "专家评分中", _G.UNDER_REVIEW, _G.OPEN_SEATS),
    _define(Stage.SCORED, "评审完成", _G.RANKABLE, _G.JUDGED),
    _define(Stage.SITE_ORDERED, "待现场核实", _G.UNDER_REVIEW, _G.JUDGED),
    _define(Stage.SITE_RECORDED, "现场核实完成", _G.RANKABLE, _G.JUDGED),
    _define(Stage.RANKED, "已择优入选、待公示", _G.JUDGED),
    _define(Stage.IN_NOTICE, "公示中", _G.JUDGED),
    _define(Stage.CLEARED, "公示无异议", _G.JUDGED),
    _define(Stage.LISTED, "已公布", _G.ENDED),
    _define(Stage.LATE, "逾期未上报", _G.ENDED),
    _define(Stage.CLOSED, "已办结", _G.ENDED),
)
"""Every stage in its order; a new stage is a row here and a name in ``messages.review.Stage``."""

STAGE_TEXTS = {each.stage: each.text for each in STAGES}


def stages_in(group: StageGroup) -> tuple[Stage, ...]:
    """Return the stages of a group in their order."""
    return tuple(each.stage for each in STAGES if group in each.groups)


def stage_before(stage: Stage) -> Stage:
    """Return the stage from which a case comes to ``stage``."""
    order = [each.stage for each in STAGES]
    return order[order.index(stage) - 1]


UNFORWARDED = stages_in(StageGroup.UNFORWARDED)
ANSWERABLE = stages_in(StageGroup.ANSWERABLE)
UNDER_REVIEW = stages_in(StageGroup.UNDER_REVIEW)
OPEN_SEATS = stages_in(StageGroup.OPEN_SEATS)
RANKABLE = stages_in(StageGroup.RANKABLE)
JUDGED = stages_in(StageGroup.JUDGED)
ENDED = stages_in(StageGroup.ENDED)

Ground = Literal["panel_request", "borderline", "random_draw"]


@dataclass(frozen=True)
class Dossier:
    """The application as it was accepted; it never changes (Art. 14(1))."""

    evaluation: Evaluation
    scheme: SchemeRef
    indicators: tuple[IndicatorValue, ...]
    mandatory_items: tuple[MandatoryItemAnswer, ...]
    self_score: Decimal
    evidence: tuple[FileRef, ...]
    submitted_at: datetime
    submitted_on: date
    group: str | None = None
    justification: str | None = None


@dataclass(frozen=True)
class Opinion:
    """The opinion of one consulted department, or that it let the due day pass."""

    department: Department
    opinion: Literal["agree", "object", "overdue"] | None = None
    text: str = ""
    answered_on: date | None = None


@dataclass(frozen=True)
class Consultation:
    due: date
    remind_on: date
    provisional: bool
    opinions: tuple[Opinion, ...]
    reminded_on: date | None = None
    unanswered: bool = True
    """Whether an opinion is neither given nor marked overdue."""

    def of(self, department: str) -> Opinion | None:
        return next((each for each in self.opinions if each.department == department), None)


@dataclass(frozen=True)
class InitialReview:
    accepted: bool
    reviewed_on: date
    text: str
    dealt_with: dict[str, str] = field(default_factory=dict)
    """Department → how its objection or silence was dealt with."""


@dataclass(frozen=True)
class OpinionDocument:
    number: str
    issued_on: date
    conclusion: Literal["recommended", "not_recommended"]
    attachments: tuple[FileRef, ...]
    dealt_with: dict[str, str]


@dataclass(frozen=True)
class Panel:
    experts: tuple[str, ...]
    chair: str
    appointed_on: date


@dataclass(frozen=True)
class ScoreSheet:
    """One expert's own values for the indicators and mandatory items of the scheme."""

    expert: str
    values: dict[str, Decimal]
    mandatory_items: dict[str, bool]
    site_visit_wanted: bool
    signed_on: date | None = None

    @property
    def signed(self) -> bool:
        return self.signed_on is not None

    @property
    def seal(self) -> str:
        """Return the digest that the record holds; whoever has the sheet can prove its content."""
        values = {name: f"{value:f}" for name, value in self.values.items()}
        return canonical_digest([self.expert, values, self.mandatory_items, self.site_visit_wanted])


@dataclass(frozen=True)
class Score:
    """The panel's score under the case's scheme."""

    total: Decimal
    energy_carbon: Decimal
    failed_mandatory_items: tuple[str, ...]
    by_expert: dict[str, Decimal]
    scored_on: date


@dataclass(frozen=True)
class SiteVisit:
    ground: Ground
    ordered_on: date
    recorded_on: date | None = None
    changed: tuple[IndicatorValue, ...] = ()
    findings: str = ""
    reasons: str = ""


@dataclass(frozen=True)
class Closing:
    outcome: Outcome
    reasons: tuple[Reason, ...]
    closed_on: date


class CaseFacts(TypedDict):
    """The fields that every event about a case carries."""

    case_id: str
    unit: UnitRef
    level: Level
    batch_year: int
    assessor: AssessorRef | None
    rule_set: str


@dataclass(frozen=True)
class CaseBefore:
    """The case as it was before an act on the whole batch changed it; readers see it while that act is undecided."""

    act: str
    state: Stage
    rank: int | None
    notice_id: str | None
    closing: Closing | None
    head: RecordHead


@dataclass(frozen=True)
class Case:
    """One application under review; it bears the application's identifier."""

    case_id: str
    unit: UnitRef
    level: Level
    batch_year: int
    rule_set: str
    """The version it keeps to its end (G2)."""
    state: Stage
    opened_on: date
    dossier: Dossier
    consultation: Consultation
    assessor: AssessorRef | None = None
    initial_review: InitialReview | None = None
    opinion_document: OpinionDocument | None = None
    forwarded_on: date | None = None
    panel: Panel | None = None
    sheets: tuple[ScoreSheet, ...] = ()
    deviating: tuple[str, ...] = ()
    """Experts whose total lies too far from the panel's, until the chair has decided (V6)."""
    conflicted: tuple[str, ...] = ()
    """Experts who declared a conflict when the panel's score was made already (V5)."""
    score: Score | None = None
    site: SiteVisit | None = None
    rank: int | None = None
    """Among the units of the same type and scheme (V8)."""
    notice_id: str | None = None
    open_objections: int = 0
    """Objections received and not decided: the case waits for them (V9). The objections are rows of their own."""
    suspended_by: str | None = None
    """Number of the document that sanctioned the assessor it rests on (S2)."""
    closing: Closing | None = None
    listed_on: date | None = None
    participants: tuple[Participant, ...] = ()
    """Who submitted it, and the people on its record, each once for each role."""
    head: RecordHead = NO_ENTRY
    before: CaseBefore | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def event_fields(self) -> CaseFacts:
        return CaseFacts(
            case_id=self.case_id,
            unit=self.unit,
            level=self.level,
            batch_year=self.batch_year,
            assessor=self.assessor,
            rule_set=self.rule_set,
        )

    @property
    def signed_sheets(self) -> tuple[ScoreSheet, ...]:
        return tuple(sheet for sheet in self.sheets if sheet.signed)

    def sheet_of(self, expert: str) -> ScoreSheet | None:
        return next((sheet for sheet in self.sheets if sheet.expert == expert), None)
