"""Assessors: registration, scope, end of registration, and who may write reports on a day (S1, S7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from messages.applications import ApplicationSubmitted
from messages.spelling import normalized_name
from messages.values import AssessorRef, Evaluation, PersonRef, Prefecture, Reason, UnitRef, UnitType
from rulebook import reason

from assessor_quota.domain import representative
from assessor_quota.domain.representative import CountedRepresentative, FormerRepresentative, Term
from assessor_quota.domain.sanction import Sanction, longest
from assessor_quota.domain.staff import StaffMember, staff_problems


@dataclass(frozen=True)
class Deregistration:
    """No new items from ``since`` on; what was entered stays."""

    since: date
    document_number: str


@dataclass(frozen=True)
class Assessor:
    uscc: str
    name: str
    representative: PersonRef
    representative_name: str
    scope: tuple[UnitType, ...]
    staff: tuple[StaffMember, ...]
    registered_on: date
    sanctions: tuple[Sanction, ...] = ()
    sanctioned_until: date | None = None
    """The last day on which one of them holds, by which lists find it."""
    former: tuple[FormerRepresentative, ...] = ()
    """Earlier legal representatives, by the day they were replaced (Q4)."""
    prefectures: tuple[Prefecture, ...] = ()
    """Where it works: it was granted an item for a unit there. Its departments may read the entry (P2)."""
    deregistered: Deregistration | None = None
    entries: int = 0
    """Number of its entries in the register."""
    name_key: str = ""
    """The name as it is compared, by which lists find it in any spelling."""

    @property
    def ref(self) -> AssessorRef:
        return AssessorRef(uscc=self.uscc, name=self.name)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Return its legal representatives with their times in office, the present one last."""
        return representative.terms(self.former, self.representative, self.representative_name)

    def counted_with(self, day: date, year: int) -> tuple[CountedRepresentative, ...]:
        """Return the legal representatives with whom an item of ``year`` counts that was submitted on ``day`` (Q4)."""
        return representative.counted_representatives(self.terms, day, year)

    def represented_by(self, person: PersonRef, name: str, changed_on: date, document_number: str) -> Assessor:
        before = FormerRepresentative(self.representative, self.representative_name, changed_on, document_number)
        return replace(self, former=(*self.former, before), representative=person, representative_name=name)

    def named(self, name: str) -> Assessor:
        return replace(self, name=name, name_key=normalized_name(name))

    def working_in(self, prefecture: Prefecture) -> Assessor:
        return replace(self, prefectures=tuple(sorted({*self.prefectures, prefecture})))

    def sanction_on(self, day: date) -> Sanction | None:
        return longest(self.sanctions, day)

    def with_sanction(self, added: Sanction) -> Assessor:
        return self._with_sanctions((*self.sanctions, added))

    def with_revoked(self, decision: Sanction, document_number: str, day: date) -> Assessor:
        ended = decision.revoked(document_number, day)
        return self._with_sanctions(tuple(ended if each == decision else each for each in self.sanctions))

    def _with_sanctions(self, sanctions: tuple[Sanction, ...]) -> Assessor:
        return replace(self, sanctions=sanctions, sanctioned_until=max(each.last_day for each in sanctions))

    def employs(self, staff_id: str, day: date) -> bool:
        return any(member.staff_id == staff_id and member.works_on(day) for member in self.staff)


def registration_problems(assessor: Assessor) -> tuple[Reason, ...]:
    """Return every reason that keeps an assessor from being registered (S7)."""
    return (*scope_problems(assessor.scope), *staff_problems(assessor.staff))


def scope_problems(scope: tuple[UnitType, ...]) -> Iterator[Reason]:
    if not scope:
        yield reason("S7", "scope-missing", "请登记至少一类业务范围", pointer="/scope")


def not_registered(named: AssessorRef) -> Reason:
    text = f"第三方服务机构“{named.name}”（{named.uscc}）未在自治区登记"
    return reason("E12", "assessor-not-registered", text, named.uscc, "/evaluation/assessor")


def may_evaluate(assessor: Assessor, submitted: ApplicationSubmitted, today: date) -> tuple[Reason, ...]:
    """Return the reasons that keep the assessor's report from being accepted (E12, S1, S7).

    A sanction and the end of registration count as of ``today``, since they stop new reservations at once; the staff
    as of the day of submission.
    """
    return (
        *may_work(assessor, today),
        *_its_own(assessor, submitted.unit),
        *_outside_scope(assessor, submitted.unit.unit_type),
        *_authors_not_on_staff(assessor, submitted.evaluation, submitted.submitted_on),
    )


def may_work(assessor: Assessor, today: date) -> tuple[Reason, ...]:
    """Return the reasons that bar the assessor from new items as of today, whatever the application (E12, S1)."""
    return (*_no_longer_registered(assessor, today), *_under_sanction(assessor, today))


def deregistration_problems(assessor: Assessor, since: date, today: date) -> Iterator[Reason]:
    if assessor.deregistered is not None:
        text = f"该机构的登记已于{assessor.deregistered.since}终止"
        yield reason("S7", "deregistered-already", text, assessor.deregistered.document_number)
    if since > today:
        yield reason("S7", "date-in-future", "终止登记的日期晚于今日", str(since), "/since")
    if since < assessor.registered_on:
        text = f"该机构于{assessor.registered_on}登记，终止日期不得早于登记日期"
        yield reason("S7", "end-before-registration", text, str(since), "/since")


def _no_longer_registered(assessor: Assessor, day: date) -> Iterator[Reason]:
    if (ended := assessor.deregistered) is not None and ended.since <= day:
        text = f"第三方服务机构“{assessor.name}”的登记已于{ended.since}终止"
        yield reason("E12", "assessor-deregistered", text, ended.document_number, "/evaluation/assessor")


def _under_sanction(assessor: Assessor, day: date) -> Iterator[Reason]:
    if (sanction := assessor.sanction_on(day)) is not None:
        last = sanction.ban.last_day
        text = f"第三方服务机构“{assessor.name}”受到处理，至{last}（含当日）不得在自治区内从事评价业务"
        yield reason("S1", "assessor-sanctioned", text, f"{sanction.document_number}, {sanction.ban.first_day}..{last}")


def _its_own(assessor: Assessor, unit: UnitRef) -> Iterator[Reason]:
    """Nobody assesses oneself; applications asks about legal representatives, whom a submission does not name (P3)."""
    if unit.uscc == assessor.uscc:
        text = "申报单位不得由本单位作为第三方服务机构评价，应自评价或委托其他第三方服务机构"
        yield reason("P3", "own-assessor", text, unit.uscc, "/evaluation/assessor")


def _outside_scope(assessor: Assessor, unit_type: UnitType) -> Iterator[Reason]:
    if unit_type not in assessor.scope:
        text = f"第三方服务机构“{assessor.name}”登记的业务范围不包括该类单位"
        yield reason("S7", "outside-scope", text, f"{unit_type}; {', '.join(assessor.scope)}")


def _authors_not_on_staff(assessor: Assessor, evaluation: Evaluation, day: date) -> Iterator[Reason]:
    people = (("lead_author", "主要编写人", evaluation.lead_author), ("reviewer", "审核人", evaluation.reviewer))
    for part, title, staff_id in people:
        if staff_id is not None and not assessor.employs(staff_id, day):
            text = f"评价报告的{title}在{day}不是该机构的专业人员"
            yield reason("S7", "not-on-staff", text, staff_id, f"/evaluation/{part}")
