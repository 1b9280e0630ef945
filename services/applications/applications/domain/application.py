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
from messages.lookalikes import skeleton
from messages.review import STAGES_AFTER_ACCEPTANCE, CaseResumed, CaseSuspended, stage_of
from messages.spelling import normalized_name
from messages.values import Department, Evaluation, FileRef, Level, Reason, SchemeRef, UnitRef
from rulebook import RuleSet, Scheme, scheme_of, score

from applications.domain.information import Information, WorkPlan
from applications.domain.report import Report


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    """Waits for the assessor's quota item."""
    ACCEPTED = "accepted"
    """In review; the steps show how far."""
    REFUSED = "refused"
    """Returned with reasons: may be amended and submitted again (A6)."""
    WITHDRAWN = "withdrawn"


AMENDABLE = (State.DRAFT, State.REFUSED)
OPEN = (State.SUBMITTED, State.ACCEPTED)
FILES_CHECKED = (State.SUBMITTED, State.ACCEPTED, State.WITHDRAWN)
"""States after the check of the report: every file it names was sent by the unit or its assessor (A3)."""
AWAITS_WORD = "awaiting_assessor"
"""The status of one whose assessor has not confirmed yet that it evaluates it."""
SUSPENDED = stage_of(CaseSuspended)
PAUSES = frozenset({SUSPENDED, stage_of(CaseResumed)})
"""Steps that may come at any stage and leave it as it is (S2, S4)."""


@dataclass(frozen=True)
class ProgressStep:
    """One event of review about the application, for the applicant to see."""

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
    """The reason to forward a unit on no lower list, by the department that forwards to ``level`` (E10)."""

    text: str
    by: str
    level: Level


def unit_shapes(unit: UnitRef) -> tuple[str, ...]:
    """Return the texts that all names share which are or look like a name of the unit."""
    names = [name for name in (unit.name, unit.park_name) if name and name.strip()]
    return tuple(sorted({form(name) for name in names for form in (skeleton, normalized_name)}))


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
    submitted_once: bool = False
    """Whether anybody but its unit may read it; a value of its own, so that an index leads to these in order."""
    submitted_at: datetime | None = None
    submitted_on: date | None = None
    submitted_by: str | None = None
    """Subject of the person who submitted it last."""
    rule_set: str | None = None
    scheme: SchemeRef | None = None
    awaits_word_until: date | None = None
    """Last day of its assessor's own word, while the item waits for that (Q5)."""
    refusals: tuple[Reason, ...] = ()
    steps: tuple[ProgressStep, ...] = ()
    notice_opened_on: date | None = None
    outcome: str | None = None
    listed_on: date | None = None
    lost_on: date | None = None
    """A fact of Art. 12(5) has become known: it may not go on (V10)."""
    departments: tuple[Department, ...] = ()
    """Departments consulted on it."""
    experts: tuple[str, ...] = ()
    """Subjects of the experts on its panel; hidden from the applicant."""
    panel_sequence: int = 0
    """Sequence of the event that named the panel: a later one replaces it, whichever arrives first."""

    shapes: tuple[str, ...] = ()
    """How the names of its unit look, by which others that look alike are found."""

    @property
    def stage(self) -> str:
        """The status that the applicant sees: suspended while its case is, else the latest step, else the state.

        One that waits for an item says whether the assessor has still to confirm that it was named (Q5).
        """
        if self.listed_on is not None:
            return "listed"
        if self.lost_on is not None:
            return "eligibility_lost"
        if self.awaits_word_until is not None:
            return AWAITS_WORD
        if self.state is not State.ACCEPTED or self.outcome is not None:
            return "closed" if self.state is State.ACCEPTED else self.state.value
        if self.suspended_by is not None:
            return SUSPENDED
        return next((each.stage for each in reversed(self.steps) if each.stage not in PAUSES), self.state.value)

    @property
    def suspended_by(self) -> str | None:
        """Document of the sanction on its assessor, from the suspension on until it goes on or ends (S2).

        Steps stand in the order in which review published them, so that a late one changes nothing that came after it.
        """
        latest = next((each for each in reversed(self.steps) if each.stage in PAUSES), None)
        suspended = latest is not None and latest.stage == SUSPENDED and self.is_open
        return latest.detail if latest and suspended else None

    @property
    def is_open(self) -> bool:
        ended = (self.outcome, self.listed_on, self.lost_on)
        return self.state in OPEN and all(each is None for each in ended)

    @property
    def initial_review_accepted(self) -> bool:
        """Whether a step known so far proves the acceptance: the acceptance itself, or a stage after it (Q5)."""
        return any(each.stage in STAGES_AFTER_ACCEPTANCE for each in self.steps)

    def name_of(self, sha256: str) -> str:
        """Return the name that its report gives the file."""
        named = self.report.evidence if self.report else ()
        return next(each.name for each in named if each.sha256 == sha256)

    @property
    def needs_item(self) -> bool:
        """Whether an assessor is named, so that assessor-quota decides about an item (E12, Q1)."""
        return self.evaluation.assessor is not None

    def awaits_answer_to(self, submission: int) -> bool:
        """Whether it waits for an answer to that submission; one that was returned since waits for the next (Q1)."""
        return self.state is State.SUBMITTED and submission == self.submissions

    @property
    def justification_for_level(self) -> Justification | None:
        """The justification, if it was given for the level now applied for: each level has its own forwarder."""
        given = self.justification
        return given if given is not None and given.level is self.level else None

    def amend(self, **changes: Any) -> Application:  # noqa: ANN401 - fields of this class, by name
        """Return the amended draft. An amended returned application is a draft again and keeps its refusals (A6)."""
        return replace(self, state=State.DRAFT, **changes)

    def with_step(self, step: ProgressStep) -> Application:
        """Insert the step by its sequence, not by its arrival; a repeated one changes nothing."""
        if any(each.sequence == step.sequence for each in self.steps):
            return self
        return replace(self, steps=tuple(sorted((*self.steps, step), key=lambda each: each.sequence)))

    def with_panel(self, experts: tuple[str, ...], sequence: int) -> Application:
        return replace(self, experts=experts, panel_sequence=sequence) if sequence > self.panel_sequence else self

    def submit(self, now: datetime, day: date, rules: RuleSet, scheme: Scheme) -> Application:
        return replace(
            self,
            state=State.SUBMITTED,
            submissions=self.submissions + 1,
            submitted_once=True,
            submitted_at=now,
            submitted_on=day,
            rule_set=rules.version,
            scheme=SchemeRef(id=scheme.id, version=scheme.version),
            awaits_word_until=None,
            refusals=(),
            shapes=unit_shapes(self.unit),
        )

    def await_word(self, until: date) -> Application:
        return replace(self, awaits_word_until=until)

    def accept(self) -> Application:
        return replace(self, state=State.ACCEPTED, awaits_word_until=None)

    def refuse(self, reasons: tuple[Reason, ...]) -> Application:
        return replace(self, state=State.REFUSED, awaits_word_until=None, refusals=reasons)

    def withdraw(self) -> Application:
        return replace(self, state=State.WITHDRAWN, awaits_word_until=None)

    def with_eligibility_lost(self, reasons: tuple[Reason, ...], day: date) -> Application:
        return replace(self, lost_on=day, refusals=reasons)

    def submitted_event(self) -> ApplicationSubmitted:
        return ApplicationSubmitted(
            **self._common_fields(),
            submitted_at=self.submission_instant,
            submitted_on=self.submission_day,
            submission=self.submissions,
        )

    def accepted_event(self, evidence: tuple[FileRef, ...]) -> ApplicationAccepted:
        """Return the event with the frozen application; raise when it was never checked for completeness."""
        report, scheme = self.report, self.rules_and_scheme[1]
        if report is None or report.representative is None:
            raise ValueError(f"{self.application_id} is not complete")
        return ApplicationAccepted(
            **self._common_fields(),
            submitted_at=self.submission_instant,
            submitted_on=self.submission_day,
            scheme=scheme,
            indicators=report.values_for_event,
            mandatory_items=report.mandatory_items,
            self_score=score(scheme_of(scheme.id, scheme.version), report.values, report.answers).total,
            evidence=evidence,
            legal_representative=report.representative,
            group=report.group,
            justification=self.justification_for_level.text if self.justification_for_level else None,
            submitted_by=self.submitted_by,
        )

    def refused_event(self, day: date) -> ApplicationRefused:
        return ApplicationRefused(**self._common_fields(), refused_on=day, reasons=self.refusals)

    def withdrawn_event(self, day: date) -> ApplicationWithdrawn:
        accepted = self.initial_review_accepted
        return ApplicationWithdrawn(**self._common_fields(), withdrawn_on=day, initial_review_accepted=accepted)

    def eligibility_lost_event(self, day: date) -> EligibilityLost:
        return EligibilityLost(**self._common_fields(), lost_on=day, reasons=self.refusals)

    def _common_fields(self) -> dict[str, Any]:
        return {
            "application_id": self.application_id,
            "unit": self.unit,
            "level": self.level,
            "batch_year": self.batch_year,
            "evaluation": self.evaluation,
            "rule_set": self.rule_set,
        }

    @property
    def rules_and_scheme(self) -> tuple[str, SchemeRef]:
        """Version of the rule set, and the scheme, of its last submission (G2, A2)."""
        if self.rule_set is None or self.scheme is None:
            raise ValueError(f"{self.application_id} was never submitted")
        return self.rule_set, self.scheme

    @property
    def submission_instant(self) -> datetime:
        """The instant of its last submission."""
        if self.submitted_at is None:
            raise ValueError(f"{self.application_id} was never submitted")
        return self.submitted_at

    @property
    def submission_day(self) -> date:
        """The legal date of its last submission (T1)."""
        if self.submitted_on is None:
            raise ValueError(f"{self.application_id} was never submitted")
        return self.submitted_on
