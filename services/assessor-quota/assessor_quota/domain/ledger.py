"""The ledger: the items in use of one legal representative in one year (Q1, Q2, Q3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from messages.applications import ApplicationSubmitted
from messages.assessor_quota import ItemInUse
from messages.values import AssessorRef, PersonRef, Reason, UnitRef
from rulebook import RuleSet, RuleSetNotFoundError, reason, rules_on

YEARS_APART = 1
"""Greatest distance of the counting year from the year of submission: batches are prepared in the year before and may
be closed in the year after, and no change of a legal representative reaches further."""


@dataclass(frozen=True)
class LedgerLine:
    application_id: str
    assessor: AssessorRef
    unit: UnitRef
    carried_on: date | None = None
    """The day its assessor came to this legal representative; none for an item granted in the office (Q4)."""

    def to_event(self) -> ItemInUse:
        return ItemInUse(
            application_id=self.application_id,
            assessor=self.assessor,
            unit_name=self.unit.name,
            unit_type=self.unit.unit_type,
        )


@dataclass(frozen=True)
class Transfer:
    """An assessor left this legal representative for another; its items of the year count with both."""

    assessor: str
    to: PersonRef
    on: date


@dataclass(frozen=True)
class LedgerRepair:
    """The last repair: the lines that no item in use had, and the items in use that had no line."""

    at: datetime
    by: str
    why: str
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class Ledger:
    """All assessors of the representative and all unit types count together (Q1).

    It is one document, saved only in the version that was read, so that two processes cannot both take the last slot
    (Q2). More than the limit are in use only where items were carried here (Q4).
    """

    representative: PersonRef
    year: int
    lines: tuple[LedgerLine, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    used: int = 0
    """Number of its lines, by which full ledgers are counted without reading them."""
    repair: LedgerRepair | None = None

    @property
    def key(self) -> str:
        return ledger_key(self.representative.digest, self.year)

    def left(self, limit: int) -> int:
        return max(0, limit - len(self.lines))

    def with_line(self, line: LedgerLine) -> Ledger:
        """Return it with the item's one line; a carried item that has a line already keeps it (Q4)."""
        if line.carried_on is not None and any(each.application_id == line.application_id for each in self.lines):
            return self
        return self._with_lines((*self.without(line.application_id).lines, line))

    def with_transfer(self, assessor: str, to: PersonRef, on: date) -> Ledger:
        """Return it changed even if no item is carried: a reservation under way then commits before or runs again."""
        others = tuple(each for each in self.transfers if each.assessor != assessor)
        return replace(self, transfers=(*others, Transfer(assessor, to, on)))

    def without(self, application_id: str) -> Ledger:
        return self._with_lines(tuple(line for line in self.lines if line.application_id != application_id))

    def _with_lines(self, lines: tuple[LedgerLine, ...]) -> Ledger:
        return replace(self, lines=lines, used=len(lines))

    def exhausted(self, limit: int) -> Iterator[Reason]:
        """Yield the reason if nothing more can be granted, with the items that fill the quota (Q1)."""
        if self.left(limit):
            return
        text = (
            f"同一法定代表人（{self.representative.masked}）名下的第三方服务机构{self.year}年已承担{self.used}项"
            f"评价业务，达到每年{limit}项的上限"
        )
        yield reason("Q1", "quota-exhausted", text, ", ".join(line.application_id for line in self.lines))


@dataclass(frozen=True)
class QuotaSlot:
    """A slot in one ledger, for an item granted or carried there (Q4)."""

    ledger: Ledger
    carried_on: date | None = None

    def ledger_with(self, application_id: str, assessor: AssessorRef, unit: UnitRef) -> Ledger:
        return self.ledger.with_line(LedgerLine(application_id, assessor, unit, self.carried_on))


def ledger_key(representative: str, year: int) -> str:
    return f"{representative}:{year}"


def counting_year(submitted: ApplicationSubmitted, rules: RuleSet) -> int:
    """Return the year whose quota an application uses (Q3)."""
    by_batch = rules.readings.quota_year == "batch_year"
    return submitted.batch_year if by_batch else submitted.submitted_on.year


def year_problems(year: int, submitted_on: date) -> Iterator[Reason]:
    """Yield the reason against a counting year far from the day of submission: no batch has it (Q3)."""
    if abs(year - submitted_on.year) > YEARS_APART:
        text = f"{submitted_on}提交的申报不能计入{year}年度"
        yield reason("Q3", "year-out-of-range", text, str(year), "/batch_year")


def queried_year_problems(year: int, today: date) -> Iterator[Reason]:
    """Yield the reason against a year in which nothing is counted: before the regulation or after next year (Q3)."""
    if not date.min.year <= year <= today.year + YEARS_APART or not _governed(year):
        text = "该年度没有可供查询的名额：应为本细则施行以来至明年的年度"
        yield reason("Q3", "year-out-of-range", text, str(year))


def _governed(year: int) -> bool:
    try:
        rules_on(date(year, 12, 31))
    except RuleSetNotFoundError:
        return False
    return True
