"""What callers are shown."""

from __future__ import annotations

from datetime import date, datetime

from messages.values import Evaluation, Level, Prefecture, Reason, SchemeRef, UnitRef
from pydantic import BaseModel, ConfigDict

from applications.domain.application import Application, Justification, ProgressStep, State
from applications.domain.information import EnterpriseInformation, ParkInformation, WorkPlan
from applications.domain.organisation_status import Move
from applications.domain.report import Report


class View(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, extra="forbid")


class ReceiptView(View):
    """Where the application stands now; ``version`` is its next ETag."""

    application_id: str
    state: State
    version: int


class ImportView(View):
    """What an import has made or, tried only, would make."""

    dry_run: bool
    unit: UnitRef
    application_id: str | None = None
    state: State | None = None
    version: int | None = None


class ApplicationEntry(View):
    """One line of a list."""

    application_id: str
    unit: UnitRef
    level: Level
    batch_year: int
    evaluation: Evaluation
    state: State
    stage: str
    suspended_by: str | None
    """Document of the sanction on its assessor while it is suspended (S2); it can still be withdrawn."""
    outcome: str | None
    submitted_on: date | None
    refusals: tuple[Reason, ...]


class ApplicationDetail(ApplicationEntry):
    """For the unit, its assessor and the officers concerned."""

    submissions: int
    submitted_at: datetime | None
    rule_set: str | None
    scheme: SchemeRef | None
    steps: tuple[ProgressStep, ...]
    notice_opened_on: date | None
    listed_on: date | None
    lost_on: date | None
    justification: Justification | None
    information: EnterpriseInformation | ParkInformation | None
    plan: WorkPlan | None
    report: Report | None


class VersionView(View):
    number: int
    submitted_at: datetime
    by: str
    application: ApplicationDetail


class UnitView(View):
    """Whose unit an organisation is, and how it became so."""

    uscc: str
    prefecture: Prefecture | None
    """Where it applies; none before its first submission."""
    moves: tuple[Move, ...]


def entry(application: Application) -> ApplicationEntry:
    return ApplicationEntry.model_validate(application)
