"""Assessors: registration, staff and scope, and who may write reports on a day (S1, S7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from messages.applications import ApplicationSubmitted
from messages.values import AssessorRef, Evaluation, PersonRef, Reason, UnitType
from rulebook import reason

from assessor_quota.domain.sanction import Sanction, longest


@dataclass(frozen=True)
class StaffMember:
    """Somebody who may write or review the assessor's reports, from ``since`` to ``until``, both days included."""

    staff_id: str
    name: str
    qualification: str
    since: date
    until: date | None = None

    def works_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


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

    @property
    def ref(self) -> AssessorRef:
        return AssessorRef(uscc=self.uscc, name=self.name)

    def sanction_on(self, day: date) -> Sanction | None:
        return longest(self.sanctions, day)

    def with_sanction(self, added: Sanction) -> Assessor:
        return replace(self, sanctions=(*self.sanctions, added))

    def with_revoked(self, decision: Sanction, document_number: str, day: date) -> Assessor:
        ended = decision.revoked(document_number, day)
        return replace(self, sanctions=tuple(ended if each == decision else each for each in self.sanctions))

    def employs(self, staff_id: str, day: date) -> bool:
        return any(member.staff_id == staff_id and member.works_on(day) for member in self.staff)


def registration_problems(assessor: Assessor) -> tuple[Reason, ...]:
    """Everything that keeps an assessor from being registered (S7)."""
    return (*_scope_problems(assessor), *_staff_problems(assessor))


def not_registered(named: AssessorRef) -> Reason:
    text = f"第三方服务机构“{named.name}”（{named.uscc}）未在自治区登记"
    return reason("E12", "assessor-not-registered", text, named.uscc, "/evaluation/assessor")


def may_evaluate(assessor: Assessor, submitted: ApplicationSubmitted, today: date) -> tuple[Reason, ...]:
    """What keeps the assessor's report from being accepted (S1, S7).

    A sanction is looked for on the day of asking, since it stops new reservations at once; who was on the staff, on
    the day of submission.
    """
    return (
        *_under_sanction(assessor, today),
        *_outside_scope(assessor, submitted.unit.unit_type),
        *_strangers(assessor, submitted.evaluation, submitted.submitted_on),
    )


def _scope_problems(assessor: Assessor) -> Iterator[Reason]:
    if not assessor.scope:
        yield reason("S7", "scope-missing", "请登记至少一类业务范围", pointer="/scope")


def _staff_problems(assessor: Assessor) -> Iterator[Reason]:
    if not assessor.staff:
        yield reason("S7", "staff-missing", "请登记至少一名专业人员及其资格", pointer="/staff")
    seen: set[str] = set()
    for place, member in enumerate(assessor.staff):
        if member.staff_id in seen:
            yield reason("S7", "staff-id-repeated", "人员编号重复", member.staff_id, f"/staff/{place}/staff_id")
        seen.add(member.staff_id)
        if member.until is not None and member.until < member.since:
            evidence = f"{member.since}..{member.until}"
            yield reason("S7", "period-reversed", "任职结束日期早于开始日期", evidence, f"/staff/{place}/until")


def _under_sanction(assessor: Assessor, day: date) -> Iterator[Reason]:
    if (sanction := assessor.sanction_on(day)) is not None:
        last = sanction.ban.last_day
        text = f"第三方服务机构“{assessor.name}”受到处理，至{last}（含当日）不得在自治区内从事评价业务"
        yield reason("S1", "assessor-sanctioned", text, f"{sanction.document_number}, {sanction.ban.first_day}..{last}")


def _outside_scope(assessor: Assessor, unit_type: UnitType) -> Iterator[Reason]:
    if unit_type not in assessor.scope:
        text = f"第三方服务机构“{assessor.name}”登记的业务范围不包括该类单位"
        yield reason("S7", "outside-scope", text, f"{unit_type}; {', '.join(assessor.scope)}")


def _strangers(assessor: Assessor, evaluation: Evaluation, day: date) -> Iterator[Reason]:
    people = (("lead_author", "主要编写人", evaluation.lead_author), ("reviewer", "审核人", evaluation.reviewer))
    for part, title, staff_id in people:
        if staff_id is not None and not assessor.employs(staff_id, day):
            text = f"评价报告的{title}在{day}不是该机构的专业人员"
            yield reason("S7", "not-on-staff", text, staff_id, f"/evaluation/{part}")
