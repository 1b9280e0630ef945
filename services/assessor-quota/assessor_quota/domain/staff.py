"""The staff of an assessor: authors and reviewers of its reports, and changes of the list (S7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count

from messages.values import Reason
from rulebook import reason


@dataclass(frozen=True)
class StaffMember:
    """Somebody who may write or review the assessor's reports, from ``since`` to ``until``, both days included.

    Nobody is taken off: somebody who left is ended, so that the author of a past report can still be checked.
    """

    staff_id: str
    name: str
    qualification: str
    since: date
    until: date | None = None

    def works_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class NewMember:
    name: str
    qualification: str
    since: date
    until: date | None = None
    staff_id: str | None = None
    """The next free ``S<n>`` when absent."""

    def member(self, staff_id: str) -> StaffMember:
        return StaffMember(staff_id, self.name, self.qualification, self.since, self.until)


@dataclass(frozen=True)
class Leaving:
    staff_id: str
    until: date
    """The last day."""


@dataclass(frozen=True)
class Correction:
    """New values of a wrong entry; an absent part stays as it is."""

    staff_id: str
    name: str | None = None
    qualification: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class StaffChanges:
    add: tuple[NewMember, ...] = ()
    end: tuple[Leaving, ...] = ()
    correct: tuple[Correction, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.end or self.correct)


def staff_problems(staff: Sequence[StaffMember]) -> Iterator[Reason]:
    """Yield reasons against an empty staff, one number for two people, or a period that ends before it begins."""
    if not staff:
        yield reason("S7", "staff-missing", "请登记至少一名专业人员及其资格", pointer="/staff")
    seen: set[str] = set()
    for place, member in enumerate(staff):
        if member.staff_id in seen:
            yield reason("S7", "staff-id-repeated", "人员编号重复", member.staff_id, f"/staff/{place}/staff_id")
        seen.add(member.staff_id)
        yield from _reversed_period(member, f"/staff/{place}/until")


def changed_staff(staff: Sequence[StaffMember], changes: StaffChanges) -> tuple[StaffMember, ...]:
    """Return the list with the changes, in the order of the list, without those that ``change_problems`` names."""
    members = {member.staff_id: member for member in staff}
    for correction in changes.correct:
        if (member := members.get(correction.staff_id)) is not None:
            members[member.staff_id] = _with_correction(member, correction)
    for leaving in changes.end:
        if (member := members.get(leaving.staff_id)) is not None:
            members[member.staff_id] = replace(member, until=leaving.until)
    for new in changes.add:
        staff_id = new.staff_id or _free_number(members)
        members.setdefault(staff_id, new.member(staff_id))
    return tuple(members.values())


def change_problems(staff: Sequence[StaffMember], changes: StaffChanges) -> Iterator[Reason]:
    known = {member.staff_id: member for member in staff}
    yield from _unknown_staff(known, changes)
    yield from _repeated_ends(known, changes)
    yield from _repeated(known, changes)
    yield from _periods(known, changes)


def _unknown_staff(known: dict[str, StaffMember], changes: StaffChanges) -> Iterator[Reason]:
    named = [("end", place, each.staff_id) for place, each in enumerate(changes.end)]
    named += [("correct", place, each.staff_id) for place, each in enumerate(changes.correct)]
    for part, place, staff_id in named:
        if staff_id not in known:
            text = "登记中没有该编号的专业人员"
            yield reason("S7", "staff-unknown", text, staff_id, f"/staff/{part}/{place}/staff_id")


def _repeated_ends(known: dict[str, StaffMember], changes: StaffChanges) -> Iterator[Reason]:
    """Yield reasons against a second end: others relied on the recorded one, so a wrong one is corrected openly."""
    for place, each in enumerate(changes.end):
        member = known.get(each.staff_id)
        if member is not None and member.until is not None and member.until < each.until:
            text = "该人员已离任，如有误请作更正"
            yield reason("S7", "staff-ended-already", text, str(member.until), f"/staff/end/{place}/until")


def _repeated(known: dict[str, StaffMember], changes: StaffChanges) -> Iterator[Reason]:
    seen = set(known)
    for place, each in enumerate(changes.add):
        if each.staff_id in seen:
            yield reason("S7", "staff-id-repeated", "人员编号重复", each.staff_id, f"/staff/add/{place}/staff_id")
        seen |= {each.staff_id} if each.staff_id else set()


def _periods(known: dict[str, StaffMember], changes: StaffChanges) -> Iterator[Reason]:
    for place, new in enumerate(changes.add):
        yield from _reversed_period(new.member(""), f"/staff/add/{place}/until")
    corrected = {**known}
    for place, correction in enumerate(changes.correct):
        if (member := known.get(correction.staff_id)) is not None:
            corrected[member.staff_id] = _with_correction(member, correction)
            yield from _reversed_period(corrected[member.staff_id], f"/staff/correct/{place}/until")
    for place, leaving in enumerate(changes.end):
        if (member := corrected.get(leaving.staff_id)) is not None:
            yield from _reversed_period(replace(member, until=leaving.until), f"/staff/end/{place}/until")


def _reversed_period(member: StaffMember, pointer: str) -> Iterator[Reason]:
    if member.until is not None and member.until < member.since:
        evidence = f"{member.since}..{member.until}"
        yield reason("S7", "period-reversed", "任职结束日期早于开始日期", evidence, pointer)


def _with_correction(member: StaffMember, correction: Correction) -> StaffMember:
    return StaffMember(
        member.staff_id,
        correction.name or member.name,
        correction.qualification or member.qualification,
        correction.since or member.since,
        correction.until or member.until,
    )


def _free_number(members: dict[str, StaffMember]) -> str:
    return next(name for number in count(len(members) + 1) if (name := f"S{number}") not in members)
