"""An application from draft to outcome: which state it is in, and what may be done with it there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    EligibilityLost,
)
from messages.review import STAGES_AFTER_ACCEPTANCE
from messages.values import Department, Evaluation, FileRef, Level, Reason, SchemeRef, UnitRef
from rulebook import RuleSet, Scheme, scheme_of, score

from applications.domain.information import Information, WorkPlan
from applications.domain.report import Report


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    """Waits for the assessor's quota item."""
    ACCEPTED = "accepted"
    """In review; how far is told by the steps."""
    REFUSED = "refused"
    """Returned with reasons: may be amended and submitted again (A6)."""
    WITHDRAWN = "withdrawn"


AMENDABLE = (State.DRAFT, State.REFUSED)
OPEN = (State.SUBMITTED, State.ACCEPTED)
FILES_CHECKED = (State.SUBMITTED, State.ACCEPTED, State.WITHDRAWN)
"""Its report stands as it was checked, so that every file it names was sent by the unit or its assessor (A3)."""
PAUSES = frozenset({"suspended", "resumed"})
"""Steps that may come at any stage and leave it as it is (S2, S4)."""


@dataclass(frozen=True)
class ProgressStep:
    """One thing that review or the registry has said about the application, for the applicant to see."""

    sequence: int
    stage: str
    day: date
    detail: str | None = None


@dataclass(frozen=True)
class Version:
    """An application as it was submitted, and why it was returned if it was (A6)."""

    application: Application
    number: int
    submitted_at: datetime
    by: str


@dataclass(frozen=True)
class Justification:
    """Why a unit on no lower list is put forward, in the words of the department that forwards to ``level`` (E10)."""

    text: str
    by: str
    level: Level


@dataclass(frozen=True)
class Application:
    application_id: str
    unit: UnitRef
    level: Level
    batch_year: int
    evaluation: Evaluation
    state: State = State.DRAFT
    information: Information | None = None
    plan: WorkPlan | None = None
    report: Report | None = None
    justification: Justification | None = None
    submissions: int = 0
    submitted_at: datetime | None = None
    submitted_on: date | None = None
    rule_set: str | None = None
    scheme: SchemeRef | None = None
    refusals: tuple[Reason, ...] = ()
    steps: tuple[ProgressStep, ...] = ()
    notice_opened_on: date | None = None
    outcome: str | None = None
    listed_on: date | None = None
    lost_on: date | None = None
    """A fact of Art. 12(5) has become known: it may not go on (V10)."""
    departments: tuple[Department, ...] = ()
    """Those consulted on it."""
    experts: tuple[str, ...] = ()
    """Those on its panel; not for the applicant to see."""
    panel_at: int = 0
    """Which word of review named the panel: a later one replaces it, whichever is heard first."""

    @property
    def stage(self) -> str:
        """What the applicant sees: the latest step of review, else the state; suspended while review says so."""
        if self.listed_on is not None:
            return "listed"
        if self.lost_on is not None:
            return "eligibility_lost"
        if self.state is not State.ACCEPTED or self.outcome is not None:
            return "closed" if self.state is State.ACCEPTED else self.state.value
        if self.suspended_by is not None:
            return "suspended"
        return next((each.stage for each in reversed(self.steps) if each.stage not in PAUSES), self.state.value)

    @property
    def suspended_by(self) -> str | None:
        """Document of the sanction on its assessor, from the suspension on until it goes on or ends (S2).

        Steps stand in the order in which review said them, so that one heard late changes nothing that came after it.
        """
        latest = next((each for each in reversed(self.steps) if each.stage in PAUSES), None)
        held = latest is not None and latest.stage == "suspended" and self.is_open
        return latest.detail if latest and held else None

    @property
    def is_open(self) -> bool:
        ended = (self.outcome, self.listed_on, self.lost_on)
        return self.state in OPEN and all(each is None for each in ended)

    @property
    def initial_review_accepted(self) -> bool:
        """Whether a step known so far proves the acceptance: itself, or one that only follows on it (Q5)."""
        return any(each.stage in STAGES_AFTER_ACCEPTANCE for each in self.steps)

    def name_of(self, sha256: str) -> str:
        """Under which name its report gives the file."""
        named = self.report.evidence if self.report else ()
        return next(each.name for each in named if each.sha256 == sha256)

    @property
    def needs_item(self) -> bool:
        """An assessor is named: its quota is asked, as assessor-quota itself decides it (E12, Q1)."""
        return self.evaluation.assessor is not None

    def awaits_answer_to(self, submission: int) -> bool:
        """Whether it waits for an answer to that submission; one that was returned since waits for the next (Q1)."""
        return self.state is State.SUBMITTED and submission == self.submissions

    @property
    def justified(self) -> Justification | None:
        """The justification, where it was given for the level now applied for: each level has its own forwarder."""
        given = self.justification
        return given if given is not None and given.level is self.level else None

    def amended(self, **changes: Any) -> Application:  # noqa: ANN401 - fields of this class, by name
        """A returned application is a draft again once it is amended; why it was returned stays on it (A6)."""
        return replace(self, state=State.DRAFT, **changes)

    def with_step(self, step: ProgressStep) -> Application:
        """Steps are ordered by what was said first, not by what was heard first; a repeated one changes nothing."""
        if any(each.sequence == step.sequence for each in self.steps):
            return self
        return replace(self, steps=tuple(sorted((*self.steps, step), key=lambda each: each.sequence)))

    def with_panel(self, experts: tuple[str, ...], sequence: int) -> Application:
        return replace(self, experts=experts, panel_at=sequence) if sequence > self.panel_at else self

    def submitted(self, now: datetime, day: date, rules: RuleSet, scheme: Scheme) -> Application:
        return replace(
            self,
            state=State.SUBMITTED,
            submissions=self.submissions + 1,
            submitted_at=now,
            submitted_on=day,
            rule_set=rules.version,
            scheme=SchemeRef(id=scheme.id, version=scheme.version),
            refusals=(),
        )

    def accepted(self) -> Application:
        return replace(self, state=State.ACCEPTED)

    def refused(self, reasons: tuple[Reason, ...]) -> Application:
        return replace(self, state=State.REFUSED, refusals=reasons)

    def withdrawn(self) -> Application:
        return replace(self, state=State.WITHDRAWN)

    def with_eligibility_lost(self, reasons: tuple[Reason, ...], day: date) -> Application:
        return replace(self, lost_on=day, refusals=reasons)

    def submitted_event(self) -> ApplicationSubmitted:
        return ApplicationSubmitted(
            **self._common(), submitted_at=self.instant, submitted_on=self.day, submission=self.submissions
        )

    def said_accepted(self, evidence: tuple[FileRef, ...]) -> ApplicationAccepted:
        """The frozen application; raises when it was never checked for completeness."""
        report, scheme = self.report, self.with_version[1]
        if report is None or report.representative is None:
            raise ValueError(f"{self.application_id} is not complete")
        return ApplicationAccepted(
            **self._common(),
            submitted_at=self.instant,
            submitted_on=self.day,
            scheme=scheme,
            indicators=report.values_for_event,
            mandatory_items=report.mandatory_items,
            self_score=score(scheme_of(scheme.id, scheme.version), report.values, report.answers).total,
            evidence=evidence,
            legal_representative=report.representative,
            group=report.group,
            justification=self.justified.text if self.justified else None,
        )

    def said_refused(self, day: date) -> ApplicationRefused:
        return ApplicationRefused(**self._common(), refused_on=day, reasons=self.refusals)

    def said_withdrawn(self, day: date) -> ApplicationWithdrawn:
        accepted = self.initial_review_accepted
        return ApplicationWithdrawn(**self._common(), withdrawn_on=day, initial_review_accepted=accepted)

    def said_lost(self, day: date) -> EligibilityLost:
        return EligibilityLost(**self._common(), lost_on=day, reasons=self.refusals)

    def _common(self) -> dict[str, Any]:
        return {
            "application_id": self.application_id,
            "unit": self.unit,
            "level": self.level,
            "batch_year": self.batch_year,
            "evaluation": self.evaluation,
            "rule_set": self.rule_set,
        }

    @property
    def with_version(self) -> tuple[str, SchemeRef]:
        """Version of the rule set, and the scheme, of its last submission (G2, A2)."""
        if self.rule_set is None or self.scheme is None:
            raise ValueError(f"{self.application_id} was never submitted")
        return self.rule_set, self.scheme

    @property
    def instant(self) -> datetime:
        """When it was last submitted."""
        if self.submitted_at is None:
            raise ValueError(f"{self.application_id} was never submitted")
        return self.submitted_at

    @property
    def day(self) -> date:
        """The legal date on which it was last submitted (T1)."""
        if self.submitted_on is None:
            raise ValueError(f"{self.application_id} was never submitted")
        return self.submitted_on
