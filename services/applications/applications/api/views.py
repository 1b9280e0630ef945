"""Representations for callers."""

from __future__ import annotations

from datetime import date, datetime

from chassis.http import View
from messages.values import Evaluation, Level, Prefecture, Reason, SchemeRef, UnitRef

from applications.domain.application import Justification, ProgressStep, State
from applications.domain.information import EnterpriseInformation, ParkInformation, WorkPlan
from applications.domain.organisation_status import Move
from applications.domain.report import Report


class ReceiptView(View):
    """The application's state after a command; ``version`` is its next ETag."""

    application_id: str
    state: State
    version: int


class ImportView(View):
    """The result of an import, or of a dry run."""

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
    awaits_word_until: date | None
    """Last day on which its assessor may confirm that it evaluates it; until then it waits and takes no item (Q5)."""
    outcome: str | None
    submitted_on: date | None
    refusals: tuple[Reason, ...]


class PossiblySame(View):
    """An application of a unit whose name is or looks the same."""

    application_id: str
    unit: UnitRef


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
    possibly_same: tuple[PossiblySame, ...] = ()
    """For officers: units with another code or another name that look like this one; that refuses nothing."""


class VersionView(View):
    number: int
    submitted_at: datetime
    by: str
    application: ApplicationDetail


class UnitView(View):
    """The prefecture that an organisation belongs to, and the moves by which it came there."""

    uscc: str
    prefecture: Prefecture | None
    """The prefecture where it applies; None before its first submission."""
    moves: tuple[Move, ...]
