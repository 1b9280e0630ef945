"""Amendment of an entry and the end of a registration, by rule and by handler (S7)."""

from __future__ import annotations

from datetime import date

import pytest
from assessor_quota.domain.amendment import Amendment, amendment_problems, apply_amendment, changed_parts
from assessor_quota.domain.staff import Correction, Leaving, NewMember, StaffChanges
from assessor_quota.handlers.register import (
    AmendAssessor,
    EndRegistration,
    RestoreRegistration,
    amend_assessor,
    end_registration,
    restore_registration,
)
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.assessor_quota import AssessorAmended, QuotaItemRefused, QuotaItemReserved
from messages.values import UnitType

from .builders import NORTH, NOW, OFFICER, TODAY, assessor, event_types, submitted
from .words import reserve_confirmed

JUNE = date(2026, 6, 1)


def codes(amendment: Amendment) -> list[tuple[str, str | None]]:
    return [(each.code, each.pointer) for each in amendment_problems(assessor(), amendment)]


@pytest.mark.rule("S7")
def test_who_left_is_ended_and_still_found_as_the_author_of_a_past_report() -> None:
    after = apply_amendment(assessor(), Amendment(staff=StaffChanges(end=(Leaving("S1", TODAY),))))
    assert after.employs("S1", TODAY)
    assert not after.employs("S1", JUNE)
    assert [member.staff_id for member in after.staff] == ["S1", "S2"]


@pytest.mark.rule("S7")
def test_a_newcomer_gets_the_next_free_number() -> None:
    newcomer = NewMember("孙某", "工程师", JUNE)
    taken = NewMember("周某", "工程师", JUNE, staff_id="S3")
    after = apply_amendment(assessor(), Amendment(staff=StaffChanges(add=(taken, newcomer))))
    assert [(member.staff_id, member.name) for member in after.staff[2:]] == [("S3", "周某"), ("S4", "孙某")]


@pytest.mark.rule("S7")
def test_a_correction_changes_what_it_names_and_nothing_else() -> None:
    after = apply_amendment(assessor(), Amendment(staff=StaffChanges(correct=(Correction("S2", name="钱大某"),))))
    before, corrected = assessor().staff[1], after.staff[1]
    assert corrected.name == "钱大某"
    assert (corrected.since, corrected.until, corrected.qualification) == (
        before.since,
        before.until,
        before.qualification,
    )
    assert changed_parts(assessor(), after) == ("staff",)


@pytest.mark.rule("S7")
def test_every_problem_of_an_amendment_is_told_at_once() -> None:
    staff = StaffChanges(
        add=(NewMember("孙某", "工程师", JUNE, TODAY), NewMember("周某", "工程师", JUNE, staff_id="S2")),
        end=(Leaving("S9", TODAY), Leaving("S2", JUNE), Leaving("S1", date(2023, 1, 1))),
        correct=(Correction("S8", name="某"), Correction("S2", since=JUNE)),
    )
    assert codes(Amendment(scope=(), staff=staff)) == [
        ("scope-missing", "/scope"),
        ("staff-unknown", "/staff/end/0/staff_id"),
        ("staff-unknown", "/staff/correct/0/staff_id"),
        ("staff-ended-already", "/staff/end/1/until"),
        ("staff-id-repeated", "/staff/add/1/staff_id"),
        ("period-reversed", "/staff/add/0/until"),
        ("period-reversed", "/staff/correct/1/until"),
        ("period-reversed", "/staff/end/2/until"),
    ]


@pytest.mark.rule("S7")
def test_an_amendment_that_changes_nothing_is_refused() -> None:
    assert codes(Amendment()) == [("nothing-changed", None)]
    assert codes(Amendment(name=assessor().name)) == [("nothing-changed", None)]
    assert codes(Amendment(scope=(UnitType.PARK,))) == []


@pytest.mark.rule("S7")
async def test_everybody_is_told_of_another_name_or_scope_and_of_no_person(handlers: HandlerHarness[Store]) -> None:
    scope = (UnitType.FACTORY,)
    command = AmendAssessor(NORTH, 1, Amendment(name="新名称", scope=scope), OFFICER)
    (said,) = await handlers.handle(amend_assessor, command, NOW)
    assert isinstance(said, AssessorAmended)
    assert (said.name, said.scope, said.amended_on) == ("新名称", scope, TODAY)
    leaving = Amendment(staff=StaffChanges(end=(Leaving("S1", TODAY),)))
    assert await handlers.handle(amend_assessor, AmendAssessor(NORTH, 2, leaving, OFFICER), NOW) == []


@pytest.mark.rule("S7")
async def test_who_has_read_an_older_version_amends_nothing(handlers: HandlerHarness[Store]) -> None:
    command = AmendAssessor(NORTH, 7, Amendment(name="新名称"), OFFICER)
    with pytest.raises(Refusal) as no:
        await handlers.handle(amend_assessor, command, NOW)
    assert (no.value.status, no.value.code, no.value.reasons[0].rule) == (412, "version-stale", "S7")
    assert (await handlers.store().assessors.require(NORTH)).name == assessor().name


@pytest.mark.rule("E12")
@pytest.mark.rule("S7")
async def test_an_assessor_whose_registration_ended_gets_no_new_items_until_it_is_restored(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(reserve_confirmed, submitted("before"), NOW)
    await handlers.handle(end_registration, EndRegistration(NORTH, TODAY, "终止一号", OFFICER), NOW)
    (no,) = await handlers.handle(reserve_confirmed, submitted("after"), NOW)
    assert isinstance(no, QuotaItemRefused)
    assert [(each.rule, each.code) for each in no.reasons] == [("E12", "assessor-deregistered")]
    assert (await handlers.store().items.require("before")).in_use
    await handlers.handle(restore_registration, RestoreRegistration(NORTH, "恢复一号", OFFICER), NOW)
    assert event_types(await handlers.handle(reserve_confirmed, submitted("again"), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("S7")
@pytest.mark.parametrize(("since", "code"), [(JUNE, "date-in-future"), (date(2026, 4, 19), "end-before-registration")])
async def test_a_registration_ends_neither_before_it_began_nor_before_its_day(
    handlers: HandlerHarness[Store], since: date, code: str
) -> None:
    with pytest.raises(Refusal) as no:
        await handlers.handle(end_registration, EndRegistration(NORTH, since, "一号", OFFICER), NOW)
    assert [each.code for each in no.value.reasons] == [code]


@pytest.mark.rule("S7")
async def test_a_registration_ends_once(handlers: HandlerHarness[Store]) -> None:
    ending = EndRegistration(NORTH, TODAY, "一号", OFFICER)
    await handlers.handle(end_registration, ending, NOW)
    with pytest.raises(Refusal) as no:
        await handlers.handle(end_registration, ending, NOW)
    assert [each.code for each in no.value.reasons] == ["deregistered-already"]


async def test_each_entry_is_numbered_and_says_who_did_what_when(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(amend_assessor, AmendAssessor(NORTH, None, Amendment("甲"), OFFICER), NOW)
    entries = await handlers.store().entries.find({"uscc": NORTH}, sort=(("number", 1),))
    assert [(each.key, each.what, each.by, each.on) for each in entries] == [
        (f"{NORTH}:1", "registered", OFFICER, TODAY),
        (f"{NORTH}:2", "amended", OFFICER, TODAY),
    ]
    assert entries[1].changed == ("name",)
