"""Annual statements: the duty of every assessor for each year, met by a statement and its amendments (S5, Art. 30)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from messages.values import AssessorRef, Prefecture, Reason
from rulebook import RuleSet, basis, reason, yearly_deadline

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import QuotaItem


class DutyState(StrEnum):
    OPEN = "open"
    FILED = "filed"
    """In time."""
    LATE = "late"
    """Filed after the last day."""
    OVERDUE = "overdue"
    """The last day has passed without a statement."""


UNMET = (DutyState.OPEN, DutyState.OVERDUE)


@dataclass(frozen=True)
class StatementDuty:
    """The statement that an assessor owes for a year, under the rule set it was opened with (G2)."""

    duty_id: str
    assessor: AssessorRef
    year: int
    due: date
    provisional: bool
    rule_set: str
    opened_on: date
    prefectures: tuple[Prefecture, ...]
    """Those of the units it evaluated in the year: their departments see the duty."""
    state: DutyState = DutyState.OPEN
    met_on: date | None = None
    noted_on: date | None = None
    """When it was found overdue."""

    def event_fields(self) -> dict[str, Any]:
        """Return the fields of every event about it."""
        return {
            "duty_id": self.duty_id,
            "kind": "assessor_statement",
            "holder": self.assessor.uscc,
            "holder_name": self.assessor.name,
            "year": self.year,
            "due": self.due,
            "article": basis("S5").article,
        }

    def met(self, day: date) -> StatementDuty:
        """Return it met by the first statement; an amendment changes nothing of it."""
        if self.state not in UNMET:
            return self
        state = DutyState.LATE if day > self.due else DutyState.FILED
        return replace(self, state=state, met_on=day)

    def overdue(self, day: date, prefectures: tuple[Prefecture, ...]) -> StatementDuty:
        return replace(self, state=DutyState.OVERDUE, noted_on=day, prefectures=prefectures)

    def is_overdue(self, day: date) -> bool:
        return self.state is DutyState.OPEN and day > self.due


@dataclass(frozen=True)
class Content:
    """第三方机构年度工作情况."""

    projects_evaluated: int
    staff: int
    """Professional staff at the end of the year."""
    staff_trained: int
    trainings_given: int
    """For candidates: Art. 29 asks assessors to spread what green manufacturing is."""
    complaints: int
    summary: str


@dataclass(frozen=True)
class Filing:
    filed_on: date
    on_behalf: bool
    """Entered by the regional department for the assessor."""
    content: Content
    document: str | None = None
    """SHA-256 of the document as the platform holds it."""


@dataclass(frozen=True)
class Statement:
    """One assessor's statement for one year; the last filing holds, the ones before stay readable."""

    statement_id: str
    assessor: AssessorRef
    year: int
    late: bool
    filings: tuple[Filing, ...]

    def amended(self, filing: Filing) -> Statement:
        return replace(self, filings=(*self.filings, filing))


@dataclass(frozen=True)
class DutyCursor:
    """Progress of opening the duties: the year, and the last assessor done in it."""

    year: int
    after: str = ""
    finished: bool = False


def statement_key(uscc: str, year: int) -> str:
    return f"{uscc}:{year}"


def next_duty_cursor(known: DutyCursor | None, today: date) -> DutyCursor | None:
    """Return where to go on opening duties; missed years are made up for, none when all are open."""
    if known is None:
        return DutyCursor(today.year - 1)
    if not known.finished:
        return known
    return DutyCursor(known.year + 1) if known.year + 1 < today.year else None


def owes(assessor: Assessor, year: int) -> bool:
    """Whether the assessor was on the register at the end of the year."""
    last = date(year, 12, 31)
    ended = assessor.deregistered
    return assessor.registered_on <= last and (ended is None or ended.since > last)


def new_duty(
    assessor: AssessorRef, year: int, prefectures: tuple[Prefecture, ...], rules: RuleSet, today: date
) -> StatementDuty:
    """Return a duty, due on the last day in the year after (T6)."""
    term = yearly_deadline(year + 1, rules.deadlines.statement, moves=rules.readings.fixed_dates_move)
    return StatementDuty(
        duty_id=statement_key(assessor.uscc, year),
        assessor=assessor,
        year=year,
        due=term.last_day,
        provisional=term.provisional,
        rule_set=rules.version,
        opened_on=today,
        prefectures=prefectures,
    )


def worked_in(items: Iterable[QuotaItem]) -> tuple[Prefecture, ...]:
    """Return the prefectures of the units of the items in use."""
    return tuple(sorted({item.unit.prefecture for item in items if item.in_use}))


def filing_problems(known: StatementDuty | None, year: int, today: date) -> Iterator[Reason]:
    """Yield the reasons that keep a statement from being filed (S5)."""
    if year >= today.year:
        text = f"{year}年尚未结束，不能报送该年度的工作情况"
        yield reason("S5", "year-not-over", text, str(today), "/year")
    elif known is None:
        text = f"该机构没有应当报送的{year}年度工作情况：报送义务自次年1月1日起产生，且仅限于该年年底前已登记的机构"
        yield reason("S5", "statement-not-due", text, str(year), "/year")
