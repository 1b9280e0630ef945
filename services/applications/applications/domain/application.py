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
)
from messages.values import Evaluation, FileRef, Level, Reason, SchemeRef, UnitRef
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


@dataclass(frozen=True)
class Step:
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
    """Why a unit on no lower list is put forward, in the forwarding department's words (E10)."""

    text: str
    by: str


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
    steps: tuple[Step, ...] = ()
    notice_opened_on: date | None = None
    outcome: str | None = None
    listed_on: date | None = None

    @property
    def stage(self) -> str:
        """What the applicant sees: the latest step of review, else the state."""
        if self.listed_on is not None:
            return "listed"
        if self.state is State.ACCEPTED and self.steps:
            return self.steps[-1].stage
        return self.state.value

    @property
    def is_open(self) -> bool:
        return self.state in OPEN and self.outcome is None and self.listed_on is None

    def amended(self, **changes: Any) -> Application:  # noqa: ANN401 - fields of this class, by name
        """A returned application is a draft again once it is amended; why it was returned stays on it (A6)."""
        return replace(self, state=State.DRAFT, **changes)

    def with_step(self, step: Step) -> Application:
        """Steps are ordered by what was said first, not by what was heard first; a repeated one changes nothing."""
        if any(each.sequence == step.sequence for each in self.steps):
            return self
        return replace(self, steps=tuple(sorted((*self.steps, step), key=lambda each: each.sequence)))

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

    def said_submitted(self) -> ApplicationSubmitted:
        return ApplicationSubmitted(**self._common(), submitted_at=self.instant, submitted_on=self.day)

    def said_accepted(self, evidence: tuple[FileRef, ...]) -> ApplicationAccepted:
        """The frozen application; raises when it was never checked for completeness."""
        report, kept = self.report, self.scheme
        if report is None or report.representative is None or kept is None:
            raise ValueError(f"{self.application_id} is not complete")
        return ApplicationAccepted(
            **self._common(),
            submitted_at=self.instant,
            submitted_on=self.day,
            scheme=kept,
            indicators=report.said_values,
            vetoes=report.vetoes,
            self_score=score(scheme_of(kept.id, kept.version), report.values, report.answers).total,
            evidence=evidence,
            legal_representative=report.representative,
            group=report.group,
            justification=self.justification.text if self.justification else None,
        )

    def said_refused(self, day: date) -> ApplicationRefused:
        return ApplicationRefused(**self._common(), refused_on=day, reasons=self.refusals)

    def said_withdrawn(self, day: date) -> ApplicationWithdrawn:
        return ApplicationWithdrawn(**self._common(), withdrawn_on=day)

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
