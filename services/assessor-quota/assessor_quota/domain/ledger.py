"""The ledger: the items in use of one legal representative in one year (Q1, Q2, Q3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from messages.applications import ApplicationSubmitted
from messages.assessor_quota import ItemInUse
from messages.values import AssessorRef, PersonRef, Reason, UnitRef
from rulebook import RuleSet, reason


@dataclass(frozen=True)
class Line:
    application_id: str
    assessor: AssessorRef
    unit: UnitRef

    def told(self) -> ItemInUse:
        return ItemInUse(
            application_id=self.application_id,
            assessor=self.assessor,
            unit_name=self.unit.name,
            unit_type=self.unit.unit_type,
        )


@dataclass(frozen=True)
class Ledger:
    """All assessors of the representative and all unit types count together (Q1).

    It is one document that is saved only in the version it was read in, so that two processes cannot both take the
    last place (Q2).
    """

    representative: PersonRef
    year: int
    lines: tuple[Line, ...] = ()

    @property
    def key(self) -> str:
        return ledger_key(self.representative.digest, self.year)

    @property
    def used(self) -> int:
        return len(self.lines)

    def left(self, limit: int) -> int:
        return max(0, limit - self.used)

    def with_line(self, line: Line) -> Ledger:
        return replace(self, lines=(*self.without(line.application_id).lines, line))

    def without(self, application_id: str) -> Ledger:
        return replace(self, lines=tuple(line for line in self.lines if line.application_id != application_id))

    def exhausted(self, limit: int) -> Iterator[Reason]:
        """Why nothing more is granted, with the items that fill the quota (Q1)."""
        if self.left(limit):
            return
        text = (
            f"同一法定代表人（{self.representative.masked}）名下的第三方服务机构{self.year}年已承担{self.used}项"
            f"评价业务，达到每年{limit}项的上限"
        )
        yield reason("Q1", "quota-exhausted", text, ", ".join(line.application_id for line in self.lines))


def ledger_key(representative: str, year: int) -> str:
    return f"{representative}:{year}"


def counting_year(submitted: ApplicationSubmitted, rules: RuleSet) -> int:
    """The year whose places an application uses (Q3)."""
    by_batch = rules.readings.quota_year == "batch_year"
    return submitted.batch_year if by_batch else submitted.submitted_on.year
